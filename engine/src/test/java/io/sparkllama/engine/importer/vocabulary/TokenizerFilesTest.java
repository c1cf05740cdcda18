package io.sparkllama.engine.importer.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reads small tokenizers that are written by hand. */
class TokenizerFilesTest {
  private static final String BYTES =
      "{'type':'ByteLevel','add_prefix_space':false,'use_regex':false}";

  private static final String BYTES_OF_WORDS = "{'type':'ByteLevel','add_prefix_space':false}";

  private static final String TOKENIZER =
      "{'added_tokens':[{'id':2,'content':'<s>','special':true},"
          + "{'id':3,'content':'<|eot_id|>','special':true},"
          + "{'id':4,'content':'<|eom_id|>','special':true}],"
          + "'pre_tokenizer':PRE,'post_processor':POST,"
          + "'model':{'type':'BPE','vocab':{'a':0,'b':1},'merges':[]}}";

  private static final String POST =
      "{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>'}},"
          + "{'Sequence':{'id':'A'}}],'special_tokens':{'<s>':{'ids':[2]}}}";

  @TempDir private Path folder;

  private void write(String name, String json) throws IOException {
    Files.writeString(folder.resolve(name), json.replace('\'', '"'));
  }

  private void writeTokenizer(String preTokenizer, String postProcessor) throws IOException {
    write("tokenizer.json", TOKENIZER.replace("PRE", preTokenizer).replace("POST", postProcessor));
  }

  private GgufMetadata metadata(Map<String, ?> config) throws IOException {
    GgufContents contents = new GgufContents();
    TokenizerFiles.write(folder, JsonObject.of(config, folder.resolve("config.json")), 6, contents);
    Path file = folder.resolve("vocabulary.gguf");
    try (GgufWriter writer = GgufWriter.create(file, contents)) {
      writer.finish();
    }
    return GgufFile.read(file).metadata();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '#',
      value = {
        "WORDS ~ gpt-2",
        "{'type':'Sequence','pretokenizers':[{'type':'Digits','individual_digits':true},WORDS]}"
            + " ~ starcoder",
        "{'type':'Sequence','pretokenizers':[{'type':'Punctuation','behavior':'Contiguous'},WORDS,"
            + "{'type':'Digits','individual_digits':false},{'type':'Split','pattern':"
            + "{'Regex':'[0-9][0-9][0-9]'},'behavior':'Isolated','invert':false}]} ~ falcon",
        "{'type':'Sequence','pretokenizers':[{'type':'Split','pattern':{'Regex':"
            + "'(?i:\\u0027s|\\u0027t|\\u0027re|\\u0027ve|\\u0027m|\\u0027ll|\\u0027d)|"
            + "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}|"
            + " ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+'},"
            + "'behavior':'Removed','invert':true},BYTES]} ~ dbrx",
      })
  void namesTheWayInWhichTextIsCut(String preTokenizer, String name) throws IOException {
    writeTokenizer(preTokenizer.replace("WORDS", BYTES_OF_WORDS).replace("BYTES", BYTES), "null");

    assertThat(metadata(Map.of()).string("tokenizer.ggml.pre")).isEqualTo(name);
  }

  @Test
  void rolesComeFromTextsBeforeIds() throws IOException {
    writeTokenizer(BYTES_OF_WORDS, POST);
    write("tokenizer_config.json", "{'bos_token':{'content':'<s>'},'eos_token':'<|eot_id|>'}");

    GgufMetadata metadata = metadata(Map.of("bos_token_id", 0, "eos_token_id", 1));

    assertThat(metadata.optionalInteger("tokenizer.ggml.bos_token_id")).hasValue(2);
    assertThat(metadata.optionalInteger("tokenizer.ggml.eos_token_id")).hasValue(3);
    assertThat(metadata.optionalInteger("tokenizer.ggml.eot_token_id")).hasValue(3);
    assertThat(metadata.optionalInteger("tokenizer.ggml.eom_token_id")).hasValue(4);
    assertThat(metadata.optionalBool("tokenizer.ggml.add_bos_token")).hasValue(true);
    assertThat(metadata.optionalBool("tokenizer.ggml.add_eos_token")).hasValue(false);
    assertThat(metadata.optionalIntArray("tokenizer.ggml.token_type").orElseThrow())
        .containsExactly(1, 1, 3, 3, 3, 5);
  }

  @Test
  void idsCountWhereNoTextIsGivenAndFlagsBeforeTheFrame() throws IOException {
    writeTokenizer(BYTES_OF_WORDS, POST);
    write("tokenizer_config.json", "{'add_bos_token':false}");

    GgufMetadata metadata = metadata(Map.of("bos_token_id", 2, "eos_token_id", new int[] {1, 3}));

    assertThat(metadata.optionalInteger("tokenizer.ggml.bos_token_id")).hasValue(2);
    assertThat(metadata.optionalInteger("tokenizer.ggml.eos_token_id")).isEmpty();
    assertThat(metadata.optionalBool("tokenizer.ggml.add_bos_token")).hasValue(false);
  }

  @Test
  void namedChatTemplatesKeepTheirNames() throws IOException {
    writeTokenizer(BYTES_OF_WORDS, "null");
    write(
        "tokenizer_config.json",
        "{'chat_template':[{'name':'default','template':'one'},"
            + "{'name':'tool_use','template':'two'}]}");

    GgufMetadata metadata = metadata(Map.of());

    assertThat(metadata.string("tokenizer.chat_template")).isEqualTo("one");
    assertThat(metadata.string("tokenizer.chat_template.tool_use")).isEqualTo("two");
    assertThat(metadata.stringArray("tokenizer.chat_templates")).containsExactly("tool_use");
    write("chat_template.jinja", "three");
    assertThat(metadata(Map.of()).string("tokenizer.chat_template")).isEqualTo("three");
  }

  @Test
  void refusesAPrefixThatGgufHasNoPlaceFor() throws IOException {
    writeTokenizer("{'type':'ByteLevel','add_prefix_space':true}", "null");
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> metadata(Map.of()))
        .withMessageContaining("add_prefix_space");
  }
}
