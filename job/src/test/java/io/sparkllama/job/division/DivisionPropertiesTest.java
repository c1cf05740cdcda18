package io.sparkllama.job.division;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Holds divisions to their promises for any text and any room. */
class DivisionPropertiesTest {
  @Property(tries = 3_000)
  void partsAreTheTextAndFit(
      @ForAll("texts") String text,
      @ForAll @IntRange(max = 20) int otherTokens,
      @ForAll @IntRange(min = 1, max = 60) int limit) {
    FakeMeasure measure = new FakeMeasure(otherTokens, limit);
    Optional<List<String>> parts = new DocumentDivider(measure).divide(text);
    if (parts.isEmpty()) {
      assertThat(measure.promptTokens(text)).isGreaterThan(limit);
      assertThat(limit - otherTokens).isLessThan(3); // what a character takes at most
      return;
    }
    assertThat(String.join("", parts.get())).isEqualTo(text);
    assertThat(parts.get())
        .allSatisfy(
            part -> {
              assertThat(measure.promptTokens(part)).isLessThanOrEqualTo(limit);
              assertThat(Character.isLowSurrogate(part.isEmpty() ? ' ' : part.charAt(0))).isFalse();
            });
    if (parts.get().size() > 1) {
      assertThat(parts.get()).doesNotContain("");
      assertThat(measure.promptTokens(text)).isGreaterThan(limit);
    }
    assertThat(new DocumentDivider(measure).divide(text)).isEqualTo(parts);
  }

  @Property(tries = 1_000)
  void evenSentencesGiveEvenParts(
      @ForAll @IntRange(min = 1, max = 400) int sentences,
      @ForAll @IntRange(min = 3, max = 30) int ofAPart) {
    String sentence = "Seven words stand here in one row. ";
    FakeMeasure measure = new FakeMeasure(7, 7 + 10 * ofAPart);
    List<String> parts =
        new DocumentDivider(measure).divide(sentence.repeat(sentences)).orElseThrow();
    int fewest = (sentences + ofAPart - 1) / ofAPart;
    assertThat(parts.size()).isBetween(fewest, fewest + fewest / 8 + 1);
    assertThat(parts).allMatch(part -> part.length() % sentence.length() == 0);
    int shortest = parts.stream().mapToInt(String::length).min().orElseThrow();
    int longest = parts.stream().mapToInt(String::length).max().orElseThrow();
    assertThat((longest - shortest) / sentence.length())
        .isLessThanOrEqualTo(1 + sentences / parts.size() / 2);
  }

  @Provide
  Arbitrary<String> texts() {
    Arbitrary<String> words =
        Arbitraries.of(
            "a",
            "word",
            "another",
            "\u4f60\u597d",
            "\u3002",
            ".",
            "!",
            "?",
            " ",
            "  ",
            "\n",
            "\r\n",
            "\u2026",
            "Dr.",
            "3.14",
            "\ud83d\ude00",
            "e\u0301",
            "\u00a0",
            "\u3000",
            "longerwordthanapartmaytakeinsomeofthesecases",
            "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35");
    Arbitrary<String> joined = words.list().ofMaxSize(120).map(list -> String.join("", list));
    Arbitrary<String> any =
        Arbitraries.integers()
            .between(1, Character.MAX_CODE_POINT)
            .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
            .map(Character::toString)
            .list()
            .ofMaxSize(100)
            .map(list -> String.join("", list));
    return Arbitraries.oneOf(joined, any);
  }
}
