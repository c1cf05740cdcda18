package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.QuantizationType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Imports checkpoints with a defect each: refused by name, and nothing is left behind. */
class ImportRefusalTest {
  @TempDir private Path folder;

  private void assertRefused(Path checkpoint, String... words) throws IOException {
    Path output = Files.writeString(folder.resolve("out.gguf"), "older file");
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                new ModelImporter(checkpoint, Optional.empty())
                    .write(output, (written, total) -> {}))
        .satisfies(failure -> assertThat(failure.getMessage()).contains(words))
        .withMessageContaining(checkpoint.toString());
    assertThat(output).hasContent("older file");
    assertThat(output.resolveSibling("out.gguf.part")).doesNotExist();
  }

  private static void replace(Path file, String old, String replacement) throws IOException {
    String text = Files.readString(file);
    assertThat(text).contains(old);
    Files.writeString(file, text.replace(old, replacement));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "num_hidden_layers':2 | num_hidden_layers':3 | lacks tensors # model.layers.2.",
        "num_hidden_layers':2 | num_hidden_layers':1 | has no place for: model.layers.1.",
        "intermediate_size':16 | intermediate_size':17 | [16, 8] but the model's numbers ask",
        "num_key_value_heads':2 | num_key_value_heads':4 | k_proj.weight",
        "num_key_value_heads':2 | num_key_value_heads':3 | does not divide 4 heads",
        "hidden_size':8 | hidden_size':0 | hidden_size must be 1 to",
        "hidden_size':8 | hidden_size':99999999999 | hidden_size must be a whole number",
        "hidden_size':8 | hidden_size':'8' | hidden_size must be a whole number",
        "hidden_size':8 | hidden_size':8,'hidden_size':8 | not JSON as expected",
        "hidden_size' | hidden_sise' | hidden_size is missing",
        "vocab_size':361 | vocab_size':362 | the tensor has the shape",
        "MistralForCausalLM | MambaForCausalLM | MambaForCausalLM",
        "'hidden_act':'silu' | 'hidden_act':'relu' | hidden_act must be silu",
        "'hidden_act' | 'quantization_config':{},'hidden_act' | import the original checkpoint",
        "'sliding_window':64 | 'sliding_window':0 | sliding_window must be positive",
        "'tie_word_embeddings':false | 'tie_word_embeddings':0 | must be true or false",
      })
  void refusesConfigsThatTheTensorsContradict(String old, String replacement, String words)
      throws IOException {
    Path checkpoint = TestCheckpoints.copy("mistral", folder);
    replace(
        checkpoint.resolve("config.json"), old.replace('\'', '"'), replacement.replace('\'', '"'));
    assertRefused(checkpoint, words.split(" # "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "{1,3} | {1,4} | has no name in GGUF",
        "'use_regex':false | 'use_regex':true | has no name in GGUF",
        "'type':'BPE' | 'type':'WordPiece' | WordPiece",
        "'normalizer':null | 'normalizer':{'type':'Lowercase'} | Lowercase",
        "'id':286 | 'id':1286 | no embedding for, 1286",
        "'id':286 | 'id':5 | the same id, 5",
        "'vocab':{ | 'vocab':{'x y z':-1, | no embedding for, -1",
        "'merges':[ | 'merges':[['h','zzz'], | tokens that the vocabulary does not hold, at index 0",
      })
  void refusesTokenizersThatGgufCannotHold(String old, String replacement, String words)
      throws IOException {
    Path checkpoint = TestCheckpoints.copy("llama3", folder);
    replace(
        checkpoint.resolve("tokenizer.json"),
        old.replace('\'', '"'),
        replacement.replace('\'', '"'));
    assertRefused(checkpoint, words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "'max_position_embeddings':256 | 'max_position_embeddings':16777217 | context_length",
        "'sliding_window':64 | 'sliding_window':16777217 | attention.sliding_window",
      })
  void refusesWhatTheEngineWouldNotRun(String old, String replacement, String words)
      throws IOException {
    Path checkpoint = TestCheckpoints.copy("mistral", folder);
    replace(
        checkpoint.resolve("config.json"), old.replace('\'', '"'), replacement.replace('\'', '"'));
    assertRefused(checkpoint, "the checkpoint's model cannot be run", words);
  }

  @Test
  void refusesMissingAndTruncatedFiles() throws IOException {
    Path checkpoint = TestCheckpoints.copy("mistral", folder);
    Path shard = checkpoint.resolve("model-00002-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    try (FileChannel channel = FileChannel.open(shard, StandardOpenOption.WRITE)) {
      channel.truncate(bytes.length - 1);
    }
    assertRefused(checkpoint, "is it complete?", "model-00002-of-00003.safetensors");
    Files.delete(shard);
    assertRefused(checkpoint, "a shard that the index names is missing", shard.toString());
    Files.write(shard, bytes);
    Path index = checkpoint.resolve("model.safetensors.index.json");
    String text = Files.readString(index);
    Files.writeString(index, text.replace("model-00002-of-00003", "../model-00002-of-00003"));
    assertRefused(checkpoint, "no plain file name");
    String place = "\"model.norm.weight\":\"model-0000";
    String wrong = text.contains(place + "1") ? "2" : "1";
    Files.writeString(index, text.replaceAll(place + "\\d", place + wrong));
    assertRefused(checkpoint, "model.norm.weight", "does not hold the tensor");
    Files.copy(
        checkpoint.resolve("model-00001-of-00003.safetensors"),
        checkpoint.resolve("copy.safetensors"));
    Files.writeString(
        index, text.replace("\"weight_map\":{", "\"weight_map\":{\"x\":\"copy.safetensors\","));
    assertRefused(checkpoint, "occurs twice");
    Files.delete(index);
    assertRefused(checkpoint, "no weights that can be read");
    Files.delete(checkpoint.resolve("config.json"));
    assertRefused(checkpoint, "no checkpoint that can be imported");
  }

  @Test
  void refusesAMissingTokenizer() throws IOException {
    Path checkpoint = TestCheckpoints.copy("qwen2", folder);
    Files.delete(checkpoint.resolve("tokenizer.json"));
    assertRefused(checkpoint, "no tokenizer that can be read");
  }

  @Test
  void refusesMissingPartsOfMetasCheckpoints() throws IOException {
    Path checkpoint = TestCheckpoints.copy("meta", folder);
    Path first = checkpoint.resolve("consolidated.00.pth");
    Files.move(first, checkpoint.resolve("consolidated.02.pth"));
    assertRefused(checkpoint, "a part of the checkpoint is missing", first.toString());
    Files.delete(checkpoint.resolve("consolidated.02.pth"));
    Files.delete(checkpoint.resolve("consolidated.01.pth"));
    assertRefused(checkpoint, "consolidated.00.pth");
  }

  @ParameterizedTest
  @CsvSource({"7f, c0, NaN", "7f, 80, Infinity", "ff, 80, -Infinity"})
  void refusesWeightsThatAreNoNumbers(String high, String low, String words) throws IOException {
    Path checkpoint = TestCheckpoints.copy("llama3", folder);
    Path file = checkpoint.resolve("model.safetensors");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      byte[] number = {(byte) Integer.parseInt(low, 16), (byte) Integer.parseInt(high, 16)};
      channel.write(ByteBuffer.wrap(number), channel.size() - 6);
    }
    assertRefused(checkpoint, "no finite number, " + words, "output_norm.weight");
  }

  @Test
  void refusesWeightsThatF16CannotHold() throws IOException {
    Path checkpoint = TestCheckpoints.copy("llama3", folder);
    Path file = checkpoint.resolve("model.safetensors");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    long start = 8 + bytes.getLong(); // of the embedding, the first by name
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {0, 0x48}), start); // 2^17
    }
    Path output = folder.resolve("half.gguf");
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(
            () ->
                new ModelImporter(checkpoint, Optional.of(QuantizationType.F16))
                    .write(output, (written, total) -> {}))
        .withMessageContaining("too large for F16")
        .withMessageContaining("token_embd.weight");
    assertThat(output).doesNotExist();
  }
}
