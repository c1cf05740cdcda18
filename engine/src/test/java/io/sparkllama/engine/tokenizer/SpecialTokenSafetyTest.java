package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shows that no document can write a special token, however it is cut into spans. */
class SpecialTokenSafetyTest {
  private static final String LLAMA3 = "tokenizers/llama-bpe.gguf";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tokenizers/llama-spm.gguf",
        "tokenizers/llama-bpe.gguf",
        "tokenizers/gpt-2.gguf",
        "tokenizers/falcon.gguf",
        "tokenizers/qwen2.gguf",
        "tokenizers/deepseek-coder.gguf",
        "tokenizers/starcoder.gguf",
        "models/stories260K.f32.gguf",
        "models/tinystories656K.f32.gguf",
        "models/babyllama105.f32.gguf",
        "models/stories260K.ggml-org.gguf",
        "models/llama-2-tiny-random.gguf"
      })
  void dataNeverGivesASpecialId(String path) {
    Tokenizer tokenizer = SharedTokenizers.open(path);
    Vocabulary vocabulary = tokenizer.vocabulary();
    int seen = 0;
    for (int id = 0; id < vocabulary.size(); id++) {
      if (!vocabulary.type(id).isSpecial() || seen > 300) {
        continue;
      }
      seen++;
      String text = vocabulary.text(id);
      assertThat(tokenizer.encode(Prompt.ofTemplate(text))).as(text).containsExactly(id);
      assertNoSpecial(tokenizer, Prompt.ofData(text));
      assertNoSpecial(tokenizer, Prompt.ofData("a" + text + text + " b"));
      for (int cut = 1; cut < text.length(); cut++) {
        Span front = new Span(text.substring(0, cut), Origin.TEMPLATE);
        Span back = new Span(text.substring(cut), Origin.DATA);
        assertNoSpecial(tokenizer, new Prompt(List.of(front, back)));
      }
    }
    assertThat(seen).isPositive();
  }

  /** The unknown token is no way to steer a model: it stands for characters without a token. */
  private static void assertNoSpecial(Tokenizer tokenizer, Prompt prompt) {
    Vocabulary vocabulary = tokenizer.vocabulary();
    for (int id : tokenizer.encode(prompt)) {
      TokenType type = vocabulary.type(id);
      assertThat(type).as(prompt.text()).isNotEqualTo(TokenType.CONTROL);
      if (expressesEverything(vocabulary)) {
        assertThat(type).as(prompt.text()).isNotEqualTo(TokenType.UNKNOWN);
      }
    }
  }

  private static boolean expressesEverything(Vocabulary vocabulary) {
    return vocabulary.model() == TokenizerModel.BYTE_PAIR || vocabulary.type(3) == TokenType.BYTE;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tokenizers/llama-spm.gguf",
        "tokenizers/llama-bpe.gguf",
        "tokenizers/deepseek-coder.gguf",
        "models/tinystories656K.f32.gguf"
      })
  void textCutIntoSpansGivesTheIdsOfTheJointText(String path) {
    Tokenizer tokenizer = SharedTokenizers.open(path);
    String text = "Once upon a time, in 12345 words: the naïve 🦙 said 'they'll'\n\n  中文 ok.";
    int[] expected = tokenizer.encode(Prompt.ofData(text));
    Random random = new Random(7);
    for (int trial = 0; trial < 200; trial++) {
      List<Span> spans = new ArrayList<>();
      int from = 0;
      while (from < text.length()) {
        int to = Math.min(text.length(), from + random.nextInt(9));
        Origin origin = random.nextBoolean() ? Origin.TEMPLATE : Origin.DATA;
        spans.add(new Span(text.substring(from, to), origin));
        from = to;
      }
      assertThat(tokenizer.encode(new Prompt(spans))).isEqualTo(expected);
    }
  }

  @Test
  void neighbouringTemplateSpansMakeASpecialTokenTogether() {
    Tokenizer tokenizer = SharedTokenizers.open(LLAMA3);
    Prompt prompt =
        new Prompt(
            List.of(
                new Span("<|eot", Origin.TEMPLATE),
                new Span("", Origin.DATA),
                new Span("_id|>", Origin.TEMPLATE)));
    assertThat(tokenizer.encode(prompt)).containsExactly(128009);
  }

  @Test
  void theBeginTokenIsNotDoubled() {
    Tokenizer llama3 = SharedTokenizers.open(LLAMA3);
    assertThat(llama3.encodeWithBos(Prompt.ofTemplate("<|begin_of_text|>Hi")))
        .isEqualTo(llama3.encodeWithBos(Prompt.ofTemplate("Hi")))
        .startsWith(128000);
    assertThat(llama3.encodeWithBos(Prompt.ofData("<|begin_of_text|>Hi")))
        .startsWith(128000)
        .hasSizeGreaterThan(4);
    Tokenizer gpt2 = SharedTokenizers.vocabulary("gpt-2");
    assertThat(gpt2.encodeWithBos(Prompt.ofData("Hi"))).isEqualTo(gpt2.encode(Prompt.ofData("Hi")));
  }

  @Test
  void spaceIsPrefixedAtTheBeginningAndAfterSpecialTokens() {
    Tokenizer llama = SharedTokenizers.vocabulary("llama-spm");
    int[] hello = llama.encode(Prompt.ofData("Hello"));
    assertThat(hello).containsExactly(15043); // "▁Hello"
    assertThat(llama.encode(Prompt.ofTemplate("<s>Hello</s>Hello")))
        .containsExactly(1, 15043, 2, 15043);
    assertThat(llama.encode(Prompt.ofTemplate("<s></s>"))).containsExactly(1, 2);
    assertThat(llama.encode(Prompt.ofData(""))).isEmpty();
    assertThat(llama.encodeWithBos(Prompt.ofData(""))).containsExactly(1);
  }

  @Test
  void everyKnownEndEndsAnAnswer() {
    assertThat(SharedTokenizers.open(LLAMA3).endIds()).contains(128001, 128009);
    assertThat(SharedTokenizers.vocabulary("qwen2").endIds()).contains(151643, 151645);
    assertThat(SharedTokenizers.vocabulary("llama-spm").endIds()).containsExactly(2);
    assertThat(Arrays.stream(SharedTokenizers.vocabulary("deepseek-coder").endIds()).boxed())
        .contains(32014, 32021);
  }
}
