package io.sparkllama.engine;

import static io.sparkllama.engine.PromptEncoder.Limits.exactly;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.PromptEncoder.Limits;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.api.RowError;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Holds what is cut from prompts that are too long, and what it costs. */
class PromptEncoderTest {
  private final FakeText text = new FakeText(true);
  private final PromptEncoder encoder = new PromptEncoder(text::encodeWithBos);

  private static Prompt prompt(String document) {
    return new Prompt(
        List.of(
            new Span("in: ", Origin.TEMPLATE),
            new Span("short", Origin.DATA),
            new Span("\n", Origin.TEMPLATE),
            new Span(document, Origin.DATA),
            new Span("\nthe end", Origin.TEMPLATE)));
  }

  private static String letters(int length, long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(random.nextInt(9) == 0 ? " a" : "" + (char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  @ParameterizedTest
  @EnumSource(value = OverlongPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "ERROR")
  void cutsTheLongestDocumentToTheLimit(OverlongPolicy policy) {
    String document = letters(5000, 1);
    for (int limit : new int[] {30, 100, 1000, 3000}) {
      PromptEncoder.Encoded encoded = encoder.encode(prompt(document), policy, exactly(limit));
      assertThat(encoded.ids().length).isBetween(limit - 1, limit);
      assertThat(encoded.ids()).isEqualTo(text.encodeWithBos(encoded.prompt()));
      List<Span> spans = encoded.prompt().spans();
      assertThat(spans.get(0).text() + spans.get(1).text() + spans.get(2).text())
          .isEqualTo("in: short\n");
      assertThat(spans.get(4).text()).isEqualTo("\nthe end");
      String kept = spans.get(3).text();
      switch (policy) {
        case TRUNCATE_HEAD -> assertThat(document).endsWith(kept);
        case TRUNCATE_TAIL -> assertThat(document).startsWith(kept);
        default -> {
          int half = kept.length() - kept.length() / 2;
          assertThat(document).startsWith(kept.substring(0, half)).endsWith(kept.substring(half));
        }
      }
      assertThat(encoder.encode(prompt(document), policy, exactly(limit)).ids())
          .isEqualTo(encoded.ids());
    }
  }

  @Test
  void leavesPromptsThatFit() {
    Prompt prompt = prompt("abc");
    int tokens = text.encodeWithBos(prompt).length;
    assertThat(encoder.encode(prompt, OverlongPolicy.TRUNCATE_HEAD, exactly(tokens)).prompt())
        .isSameAs(prompt);
    assertThat(encoder.encode(prompt, OverlongPolicy.ERROR, exactly(tokens)).ids()).hasSize(tokens);
    assertThatThrownBy(() -> encoder.encode(prompt, OverlongPolicy.ERROR, exactly(tokens - 1)))
        .isInstanceOfSatisfying(
            RowException.class,
            e -> {
              assertThat(e.error().errorClass()).isEqualTo(RowError.PROMPT_TOO_LONG);
              assertThat(e.promptTokens()).isEqualTo(tokens);
            });
  }

  @Test
  void neverCutsTheTemplate() {
    Prompt onlyTemplate = Prompt.ofTemplate(letters(100, 2));
    assertThatThrownBy(
            () -> encoder.encode(onlyTemplate, OverlongPolicy.TRUNCATE_TAIL, exactly(20)))
        .isInstanceOf(RowException.class);
    assertThatThrownBy(
            () ->
                encoder.encode(prompt(letters(100, 3)), OverlongPolicy.TRUNCATE_TAIL, exactly(10)))
        .isInstanceOf(RowException.class)
        .hasMessageContaining("other text alone");
  }

  @ParameterizedTest
  @EnumSource(value = OverlongPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "ERROR")
  void keepsCharactersOfTwoUnitsWhole(OverlongPolicy policy) {
    String document = "\ud83d\ude00".repeat(50);
    for (int limit = 20; limit < 60; limit++) {
      // The tokenizer refuses half a character.
      assertThat(encoder.encode(prompt(document), policy, exactly(limit)).ids().length)
          .isBetween(limit - 1, limit);
    }
    for (int kept = 0; kept <= 100; kept++) {
      String cut = PromptEncoder.cut(document, policy, kept);
      assertThat(cut.length()).isBetween(kept - 2, kept).isEven();
      assertThat(cut.codePoints().allMatch(point -> point == 0x1f600)).isTrue();
    }
  }

  @ParameterizedTest
  @EnumSource(value = OverlongPolicy.class, mode = EnumSource.Mode.EXCLUDE, names = "ERROR")
  void refusesNoPromptThatIsAcceptedUncut(OverlongPolicy policy) {
    // Nothing can be cut, or the fixed text alone is longer than wanted.
    Prompt onlyTemplate = Prompt.ofTemplate("z".repeat(59));
    Limits limits = new Limits(40, 60);
    assertThat(encoder.encode(onlyTemplate, OverlongPolicy.ERROR, limits).ids()).hasSize(60);
    assertThat(encoder.encode(onlyTemplate, policy, limits).prompt()).isSameAs(onlyTemplate);
    Prompt tooLong = Prompt.ofTemplate("z".repeat(60));
    assertThatThrownBy(() -> encoder.encode(tooLong, policy, limits))
        .isInstanceOf(RowException.class)
        .hasMessageContaining("61 tokens, room for 60");
    for (int fixed = 0; fixed < 60; fixed++) { // tokens with the begin token: one more
      for (int document : new int[] {1, 5, 20, 100}) {
        Prompt prompt =
            new Prompt(
                List.of(
                    new Span("z".repeat(fixed), Origin.TEMPLATE),
                    new Span("q".repeat(document), Origin.DATA)));
        int half = (60 - fixed - 1) / 2;
        int wanted = Math.max(40, fixed + 1 + half);
        assertThat(encoder.encode(prompt, policy, limits).ids())
            .hasSize(Math.min(fixed + 1 + document, wanted));
      }
    }
  }

  @Test
  void tokenizesALargeDocumentLittleMoreThanOnce() {
    // The kept end is far denser in tokens than the rest, so that first guesses are wrong.
    String document = " a".repeat(500_000) + letters(3000, 4).replace(" ", "");
    for (OverlongPolicy policy : OverlongPolicy.values()) {
      if (policy != OverlongPolicy.ERROR) {
        FakeText counted = new FakeText(true);
        PromptEncoder counting = new PromptEncoder(counted::encodeWithBos);
        assertThat(counting.encode(prompt(document), policy, exactly(1000)).ids().length)
            .isBetween(990, 1000);
        assertThat(counted.encodedCharacters()).isLessThan(2L * document.length());
      }
    }
  }
}
