package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.tokenizer.Tokenizers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Holds how a prompt is framed: as a text that goes on, whatever the file wants of whole texts. */
class TokenizerTextTest {
  private static ModelText text(boolean addBos, boolean addEos) {
    Map<String, MetadataValue> values = new HashMap<>();
    values.put("tokenizer.ggml.model", MetadataValue.ofString("llama"));
    values.put(
        "tokenizer.ggml.tokens", MetadataValue.ofStrings(List.of("<unk>", "<s>", "</s>", "a")));
    values.put("tokenizer.ggml.scores", MetadataValue.ofFloat32s(0, 0, 0, 1));
    values.put("tokenizer.ggml.token_type", MetadataValue.ofInt32s(2, 3, 3, 1));
    values.put("tokenizer.ggml.add_space_prefix", MetadataValue.ofBoolean(false));
    values.put("tokenizer.ggml.add_bos_token", MetadataValue.ofBoolean(addBos));
    values.put("tokenizer.ggml.add_eos_token", MetadataValue.ofBoolean(addEos));
    return new TokenizerText(Tokenizers.of(new GgufMetadata("test.gguf", values)));
  }

  @Test
  void beginsATextAndNeverEndsIt() {
    for (boolean addEos : new boolean[] {false, true}) {
      assertThat(text(true, addEos).encodeWithBos(Prompt.ofData("aa"))).containsExactly(1, 3, 3);
      assertThat(text(true, addEos).encodeWithBos(Prompt.ofData(""))).containsExactly(1);
      assertThat(text(false, addEos).encodeWithBos(Prompt.ofData("aa"))).containsExactly(3, 3);
    }
  }

  @Test
  void doublesNoBeginTokenOfTheTemplate() {
    assertThat(text(true, true).encodeWithBos(Prompt.ofTemplate("<s>a"))).containsExactly(1, 3);
    assertThat(text(false, false).encodeWithBos(Prompt.ofTemplate("<s>a"))).containsExactly(1, 3);
  }

  @Test
  void knowsWhatEndsAnAnswer() {
    assertThat(text(true, false).endTokens()).containsExactly(2);
    assertThat(text(true, false).vocabularySize()).isEqualTo(4);
  }
}
