package io.sparkllama.job.division;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DocumentDividerTest {
  @Test
  void whatFitsStaysWhole() {
    assertThat(new DocumentDivider(new FakeMeasure(5, 10)).divide("One two three."))
        .contains(List.of("One two three."));
    assertThat(new DocumentDivider(new FakeMeasure(5, 10)).divide("")).contains(List.of(""));
  }

  @Test
  void partsAreTheFewestOfAboutEqualLengthAndEndWithSentences() {
    String sentence = "Seven words stand here in one row. "; // 10 tokens
    FakeMeasure measure = new FakeMeasure(10, 10 + 5 * 10); // five sentences and no more
    List<String> parts = new DocumentDivider(measure).divide(sentence.repeat(11)).orElseThrow();
    assertThat(parts)
        .hasSize(3)
        .allMatch(part -> part.equals(sentence.repeat(3)) || part.equals(sentence.repeat(4)));
  }

  @Test
  void aTemplateMayRefuseABlankThatTheDocumentBeginsWith() {
    FakeMeasure letters = new FakeMeasure(10, 60);
    PartMeasure measure =
        new PartMeasure() {
          @Override
          public int promptTokens(String text) {
            if (text.isBlank()) {
              throw TemplateException.raised("empty", /* holdsData= */ false);
            }
            return letters.promptTokens(text);
          }

          @Override
          public int textTokens(String text) {
            return letters.textTokens(text);
          }

          @Override
          public int limit(int otherTokens) {
            return letters.limit(otherTokens);
          }
        };
    String sentence = "Seven words stand here in one row. "; // 10 tokens
    assertThat(new DocumentDivider(measure).divide("\n" + sentence.repeat(11)).orElseThrow())
        .hasSize(3);
  }

  @Test
  void aSentenceThatIsTooLongIsCutAtSpacesAndAWordBetweenCharacters() {
    FakeMeasure measure = new FakeMeasure(2, 12);
    List<String> words = new DocumentDivider(measure).divide("word and ".repeat(30)).orElseThrow();
    assertThat(words).allMatch(part -> part.endsWith(" ")).hasSizeBetween(6, 7);
    List<String> pieces =
        new DocumentDivider(measure).divide("\ud83d\ude00".repeat(20)).orElseThrow();
    assertThat(pieces).allMatch(part -> part.length() % 2 == 0).hasSizeBetween(7, 8);
    assertThat(String.join("", pieces)).isEqualTo("\ud83d\ude00".repeat(20));
  }

  @Test
  void aSentencesEndIsTakenBeforeANearerSpace() {
    String sentence = "One two six ten red big old new sun end. "; // 10 tokens
    String endless = "Many " + "word ".repeat(128) + "end. ";
    String text = sentence.repeat(9) + endless + sentence.repeat(8);
    List<String> parts = new DocumentDivider(new FakeMeasure(5, 130)).divide(text).orElseThrow();
    assertThat(parts).hasSize(3); // a third of the tokens ends within the endless sentence
    assertThat(parts.get(0)).isEqualTo(sentence.repeat(9));
    assertThat(parts.get(1)).endsWith("word ");
  }

  @Test
  void textThatTakesMoreTokensGetsMoreParts() {
    String latin = "Seven words stand here in one row. ".repeat(40);
    String chinese = "\u4f60\u597d\u6211\u662f\u5b66\u751f\u3002".repeat(200); // as long
    List<String> parts =
        new DocumentDivider(new FakeMeasure(10, 310)).divide(latin + chinese).orElseThrow();
    FakeMeasure counter = new FakeMeasure(0, 0);
    int tokens = counter.textTokens(latin + chinese);
    assertThat(parts).hasSize(tokens / 300 + 1);
    assertThat(parts)
        .allSatisfy(
            part -> assertThat(counter.textTokens(part)).isBetween(tokens / parts.size() / 2, 300));
    assertThat(parts.get(0).length()).isGreaterThan(3 * parts.get(parts.size() - 1).length());
  }

  @Test
  void withoutRoomThereIsNoDivision() {
    assertThat(new DocumentDivider(new FakeMeasure(10, 10)).divide("Some text.")).isEmpty();
    assertThat(new DocumentDivider(new FakeMeasure(11, 10)).divide("Some text.")).isEmpty();
    assertThat(new DocumentDivider(new FakeMeasure(10, 12)).divide("\u4f60\u597d")).isEmpty();
    String endless = "word ".repeat(3 * DocumentDivider.MOST_PARTS);
    assertThat(new DocumentDivider(new FakeMeasure(10, 11)).divide(endless)).isEmpty();
  }

  @Test
  void aTemplateThatDoublesTheDocumentIsMeasuredAsItIs() {
    PartMeasure twice =
        new PartMeasure() {
          private final FakeMeasure once = new FakeMeasure(0, 0);

          @Override
          public int promptTokens(String text) {
            return once.textTokens(text + " and again " + text);
          }

          @Override
          public int textTokens(String text) {
            return once.textTokens(text);
          }

          @Override
          public int limit(int otherTokens) {
            return 100;
          }
        };
    String text = "Seven words stand here in one row. ".repeat(30);
    List<String> parts = new DocumentDivider(twice).divide(text).orElseThrow();
    assertThat(parts).allMatch(part -> twice.promptTokens(part) <= 100).hasSizeBetween(7, 9);
  }

  @Test
  void longTextsAreTokenizedAFewTimesWhateverTheyHold() {
    String numbered =
        IntStream.range(0, 150_000)
            .mapToObj(i -> "This is sentence number " + i + ". ")
            .collect(Collectors.joining());
    List<String> texts =
        List.of(numbered, "\n".repeat(2_000_000), "a".repeat(2_000_000), "?! ".repeat(700_000));
    for (String text : texts) {
      FakeMeasure measure = new FakeMeasure(30, 1_000);
      List<String> parts = new DocumentDivider(measure).divide(text).orElseThrow();
      assertThat(String.join("", parts).equals(text)).isTrue();
      assertThat(measure.characters).isLessThan(6L * text.length());
    }
  }
}
