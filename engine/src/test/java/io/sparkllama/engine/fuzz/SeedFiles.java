package io.sparkllama.engine.fuzz;

import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.importer.checkpoint.TorchBytes;
import io.sparkllama.engine.model.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes the valid files that fuzzing begins with: a llama model of one layer of width 4 in each
 * form, as small as can be, since a fuzzer changes few bytes at a time.
 */
final class SeedFiles {
  private static final int VOCABULARY = 264; // bytes and a few; tiktoken's specials alone are 256

  /** Other families, whose config.json is read though the tensors are not theirs. */
  private static final List<String> FAMILIES =
      List.of("falcon-7b", "falcon-40b", "gemma2", "gemma3", "olmo2", "phi3-longrope", "smollm3");

  /** Tensors of the checkpoint with their shapes; a vector has no second number. */
  private static final Map<String, int[]> TENSORS = new LinkedHashMap<>();

  static {
    String layer = "model.layers.0.";
    TENSORS.put("model.embed_tokens.weight", new int[] {VOCABULARY, 4});
    TENSORS.put("model.norm.weight", new int[] {4});
    TENSORS.put(layer + "input_layernorm.weight", new int[] {4});
    TENSORS.put(layer + "post_attention_layernorm.weight", new int[] {4});
    TENSORS.put(layer + "self_attn.q_proj.weight", new int[] {4, 4});
    TENSORS.put(layer + "self_attn.k_proj.weight", new int[] {2, 4});
    TENSORS.put(layer + "self_attn.v_proj.weight", new int[] {2, 4});
    TENSORS.put(layer + "self_attn.o_proj.weight", new int[] {4, 4});
    TENSORS.put(layer + "mlp.gate_proj.weight", new int[] {2, 4});
    TENSORS.put(layer + "mlp.up_proj.weight", new int[] {2, 4});
    TENSORS.put(layer + "mlp.down_proj.weight", new int[] {4, 2});
  }

  private SeedFiles() {}

  /** Returns the files, by name, that stand beside a hostile one. */
  static Map<String, byte[]> around(HostileFile file) throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    if (file == HostileFile.ADAPTER) {
      files.put(HostileFile.GGUF.fileName(), gguf(new TinyModel().filled(0.5f)));
    } else if (file != HostileFile.GGUF) {
      files.put("config.json", config(""));
      files.put("tokenizer_config.json", json("{'bos_token':'<s>','add_bos_token':false}"));
      if (file != HostileFile.TORCH) {
        files.put("model.safetensors", safetensors("BF16", 2));
      }
      if (file != HostileFile.TOKENIZER_MODEL) {
        files.put("tokenizer.json", byteLevelTokenizer());
      }
      files.remove(file.fileName());
    }
    return files;
  }

  /** Returns valid files by name; those that are part of no whole model begin with "refused-". */
  static Map<String, byte[]> of(HostileFile file) throws IOException {
    return switch (file) {
      case GGUF ->
          Map.of(
              "seed-llama", gguf(new TinyModel()),
              "refused-types", gguf(manyTypes()),
              "seed-byte-pairs", gguf(bytePairs()),
              "seed-experts", gguf(experts()),
              "seed-unigram", gguf(unigram()),
              "seed-unigram-mapped",
                  gguf(
                      unigram()
                          .set(
                              "tokenizer.ggml.precompiled_charsmap",
                              MetadataValue.ofUint8s(characterMap()))));
      case SAFETENSORS ->
          Map.of("seed-bf16", safetensors("BF16", 2), "seed-f32", safetensors("F32", 4));
      case TORCH -> Map.of("seed-archive", torch());
      case TOKENIZER_JSON ->
          Map.of(
              "seed-byte-level", byteLevelTokenizer(),
              "seed-sentence-piece", sentencePieceTokenizer(""),
              "seed-mapped",
                  sentencePieceTokenizer(
                      "{'type':'Precompiled','precompiled_charsmap':'%s'},"
                          .formatted(Base64.getEncoder().encodeToString(characterMap()))));
      case TOKENIZER_MODEL ->
          Map.of("seed-sentence-piece", sentencePieceModel(), "seed-tiktoken", tiktoken());
      case MODEL_CONFIG -> configs();
      case ADAPTER -> AdapterSeeds.all();
    };
  }

  private static Map<String, byte[]> configs() throws IOException {
    Map<String, byte[]> configs = new LinkedHashMap<>();
    configs.put("seed-plain", config(""));
    configs.put(
        "seed-llama3-rope",
        config(
            ",'rope_scaling':{'rope_type':'llama3','factor':8.0,'low_freq_factor':1.0,"
                + "'high_freq_factor':4.0,'original_max_position_embeddings':16}"));
    configs.put(
        "seed-linear-rope",
        config(
            ",'head_dim':2,'bos_token_id':[1,2],'eos_token_id':null,"
                + "'rope_parameters':{'rope_type':'linear','factor':2,'rope_theta':1e4}"));
    for (String family : FAMILIES) {
      Path config = Path.of("src/test/resources/family").resolve(family).resolve("config.json");
      configs.put("refused-" + family, Files.readAllBytes(config));
    }
    return configs;
  }

  private static byte[] json(String text) {
    return text.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] config(String more) {
    return json(
        "{'architectures':['LlamaForCausalLM'],'hidden_size':4,'num_attention_heads':2,"
            + "'num_key_value_heads':1,'num_hidden_layers':1,'intermediate_size':2,'vocab_size':"
            + VOCABULARY
            + ",'hidden_act':'silu','rms_norm_eps':1e-5,'max_position_embeddings':64,"
            + "'tie_word_embeddings':true,'rope_theta':10000.0"
            + more
            + "}");
  }

  private static byte[] safetensors(String type, int elementBytes) {
    StringBuilder header = new StringBuilder("{'__metadata__':{'format':'pt'}");
    int end = 0;
    for (Map.Entry<String, int[]> tensor : TENSORS.entrySet()) {
      int[] shape = tensor.getValue();
      int begin = end;
      end += elements(shape) * elementBytes;
      header
          .append(",'%s':{'dtype':'%s','shape':".formatted(tensor.getKey(), type))
          .append(shape.length == 1 ? "[4]" : "[%d,%d]".formatted(shape[0], shape[1]))
          .append(",'data_offsets':[%d,%d]}".formatted(begin, end));
    }
    byte[] text = json(header.append('}').toString());
    return ByteBuffer.allocate(8 + text.length + end)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(text.length)
        .put(text)
        .array();
  }

  private static int elements(int[] shape) {
    return shape.length == 1 ? shape[0] : shape[0] * shape[1];
  }

  /** Two storages: one of the embedding, one that all other tensors share. */
  private static byte[] torch() throws IOException {
    TorchBytes pickle = new TorchBytes().raw("}q\0(");
    for (Map.Entry<String, int[]> tensor : TENSORS.entrySet()) {
      int[] shape = tensor.getValue();
      pickle.text(tensor.getKey());
      if (shape.length == 1) {
        pickle.vector("1", 16, shape[0]);
      } else {
        boolean embedding = shape[0] == VOCABULARY;
        pickle.matrix(
            embedding ? "0" : "1",
            embedding ? 4 * VOCABULARY : 16,
            0,
            shape,
            new int[] {shape[1], 1});
      }
    }
    return TorchBytes.archive(
        "m/data.pkl",
        pickle.raw("u.").bytes(),
        "m/byteorder",
        "little".getBytes(StandardCharsets.US_ASCII),
        "m/data/0",
        new byte[16 * VOCABULARY],
        "m/data/1",
        new byte[64]);
  }

  private static byte[] byteLevelTokenizer() {
    return json(
        "{'added_tokens':[{'id':4,'content':'<s>','special':true},"
            + "{'id':5,'content':'<|x|>','special':false,'normalized':false}],"
            + "'normalizer':{'type':'NFC'},"
            + "'pre_tokenizer':{'type':'ByteLevel','add_prefix_space':false,'use_regex':true},"
            + "'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>'"
            + "}},{'Sequence':{'id':'A'}}],'special_tokens':{'<s>':{'ids':[4]}}},"
            + "'model':{'type':'BPE','ignore_merges':false,"
            + "'vocab':{'a':0,'b':1,'ab':2,'\u0120':3,'\u0120a':6},'merges':['a b',['\u0120','a']]}}");
  }

  /**
   * @param firstStep of the normalizer, with a comma, or empty
   */
  private static byte[] sentencePieceTokenizer(String firstStep) {
    return json(
        "{'added_tokens':[{'id':0,'content':'<unk>','special':true},"
            + "{'id':1,'content':'\u2581\u2581','normalized':true}],"
            + "'normalizer':{'type':'Sequence','normalizers':["
            + firstStep
            + "{'type':'Prepend','prepend':'\u2581'},"
            + "{'type':'Replace','pattern':{'String':' '},'content':'\u2581'}]},"
            + "'pre_tokenizer':null,"
            + "'model':{'type':'BPE','byte_fallback':true,'unk_token':'<unk>',"
            + "'vocab':{'<unk>':0,'<0x41>':2,'a':3,'b':4,'ab':5},'merges':[['a','b']]}}");
  }

  /** A SentencePiece model: pieces, and that it is BPE. */
  private static byte[] sentencePieceModel() {
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    String[] pieces = {"<unk>", "<s>", "</s>", "<0x41>", "\u2581", "a", "b", "ab", "\u2581c"};
    int[] types = {2, 3, 3, 6, 1, 1, 1, 1, 4};
    for (int i = 0; i < pieces.length; i++) {
      ByteArrayOutputStream piece = new ByteArrayOutputStream();
      field(piece, 1, pieces[i].getBytes(StandardCharsets.UTF_8));
      piece.write(2 << 3 | 5);
      piece.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(-i).array());
      piece.write(3 << 3);
      piece.write(types[i]);
      field(model, 1, piece.toByteArray());
    }
    field(model, 2, new byte[] {3 << 3, 2, (byte) 0xc8, 2, 1});
    field(model, 3, new byte[] {3 << 3, 1, 4 << 3, 0});
    return model.toByteArray();
  }

  /** Writes bytes, less than 128, as a field of Protocol Buffers. */
  private static void field(ByteArrayOutputStream message, int number, byte[] bytes) {
    message.write(number << 3 | 2);
    message.write(bytes.length);
    message.writeBytes(bytes);
  }

  /**
   * A SentencePiece model's map of characters, by which 'a' becomes "bc": a double array whose
   * root's children are at 256 ^ label, and the replacement.
   */
  private static byte[] characterMap() {
    int[] units = new int[512];
    int child = 256 ^ 'a';
    units[0] = 256 << 10;
    units[child] = (1 ^ child) << 10 | 1 << 8 | 'a'; // a leaf, its value at 1
    units[1] = 1 << 31; // the replacement at 0
    ByteBuffer bytes = ByteBuffer.allocate(4 + 4 * units.length + 3).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(4 * units.length);
    for (int unit : units) {
      bytes.putInt(unit);
    }
    return bytes.put("bc\0".getBytes(StandardCharsets.UTF_8)).array();
  }

  private static byte[] tiktoken() {
    StringBuilder lines = new StringBuilder();
    String[] tokens = {"a", "b", "ab", " ", " a"};
    for (int rank = 0; rank < tokens.length; rank++) {
      byte[] bytes = tokens[rank].getBytes(StandardCharsets.UTF_8);
      lines.append(Base64.getEncoder().encodeToString(bytes)).append(" " + rank + "\n");
    }
    return lines.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] gguf(TinyModel model) throws IOException {
    Path folder = Files.createTempDirectory("seed");
    try {
      return Files.readAllBytes(model.write(folder));
    } finally {
      Files.deleteIfExists(folder.resolve("tiny.gguf"));
      Files.delete(folder);
    }
  }

  /** A file of tensors alone, one of each type that is not a model's: a refusal that reads much. */
  private static TinyModel manyTypes() {
    TinyModel model = new TinyModel();
    for (QuantizationType type : QuantizationType.values()) {
      model.tensor("t." + type, type, 256);
    }
    return model;
  }

  private static TinyModel experts() {
    TinyModel model =
        new TinyModel()
            .set("llama.expert_count", MetadataValue.ofUint32(3))
            .set("llama.expert_used_count", MetadataValue.ofUint32(2));
    for (String layer : List.of("blk.0.", "blk.1.")) {
      for (String part : List.of("ffn_gate", "ffn_up", "ffn_down")) {
        model.removeTensor(layer + part + ".weight");
      }
      model
          .tensor(layer + "ffn_gate_inp.weight", 8, 3)
          .tensor(layer + "ffn_gate_exps.weight", QuantizationType.F16, 8, 12, 3)
          .tensor(layer + "ffn_up_exps.weight", 8, 12, 3)
          .tensor(layer + "ffn_down_exps.weight", 12, 8, 3);
    }
    return model;
  }

  private static TinyModel bytePairs() {
    return new TinyModel()
        .set("tokenizer.ggml.model", MetadataValue.ofString("gpt2"))
        .set("tokenizer.ggml.pre", MetadataValue.ofString("llama-bpe"))
        .set("tokenizer.ggml.tokens", MetadataValue.ofStrings(List.of("a", "b", "ab", "<s>")))
        .set("tokenizer.ggml.token_type", MetadataValue.ofInt32s(1, 1, 1, 3))
        .set("tokenizer.ggml.merges", MetadataValue.ofStrings(List.of("a b")))
        .set("tokenizer.ggml.bos_token_id", MetadataValue.ofUint32(3))
        .set("tokenizer.chat_template", MetadataValue.ofString("{{ messages[0].content }}"))
        .remove("tokenizer.ggml.scores");
  }

  private static TinyModel unigram() {
    return new TinyModel()
        .set("tokenizer.ggml.model", MetadataValue.ofString("t5"))
        .set(
            "tokenizer.ggml.tokens",
            MetadataValue.ofStrings(List.of("<pad>", "</s>", "<unk>", "a")))
        .set("tokenizer.ggml.scores", MetadataValue.ofFloat32s(0, 0, -10, -1))
        .set("tokenizer.ggml.token_type", MetadataValue.ofInt32s(3, 3, 2, 1));
  }
}
