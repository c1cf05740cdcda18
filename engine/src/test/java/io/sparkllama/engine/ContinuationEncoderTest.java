package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.tokenizer.Tokenizer;
import io.sparkllama.engine.tokenizer.Tokenizers;
import org.junit.jupiter.api.Test;

/** Holds a label's tokens where its border with the prompt joins. */
class ContinuationEncoderTest {
  @Test
  void aLabelThatJoinsALineBreakHasNoBeginToken() {
    Tokenizer tokenizer =
        Tokenizers.of(GgufFile.read(SharedData.path("tokenizers/llama-bpe.gguf")).metadata());
    ModelText text = new TokenizerText(tokenizer);
    ContinuationEncoder encoder = new ContinuationEncoder(text);
    Prompt prompt = Prompt.ofData("Answer:\n");
    int[] promptIds = text.encodeWithBos(prompt);
    int[] begin = text.encodeWithBos(Prompt.ofData(""));
    assertThat(begin).containsExactly(128000);
    for (String label : new String[] {"\nyes", "\n\nno", "\n"}) {
      assertThat(encoder.label(prompt, promptIds, label))
          .as(label)
          .isEqualTo(tokenizer.encode(Prompt.ofData(label)))
          .isNotEmpty()
          .doesNotContain(128000);
    }
    assertThat(encoder.label(prompt, promptIds, "yes"))
        .isEqualTo(tokenizer.encode(Prompt.ofData("yes")));
  }

  @Test
  void aLabelThatJoinsThePromptIsTokenizedAsOnALineOfItsOwn() {
    FakeText text = new FakeText(true);
    Prompt prompt = Prompt.ofData("c");
    int[] label = new ContinuationEncoder(text).label(prompt, text.encodeWithBos(prompt), "ab");
    assertThat(label).hasSize(1).doesNotContain(FakeModel.BOS);
    assertThat(FakeText.piece(label[0])).isEqualTo("ab");
  }
}
