package io.sparkllama.job.division;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextGroupsTest {
  private static final String TEXT =
      "Seven words stand here in one row."; // 10 tokens, 11 with a line feed

  @Test
  void neighboursThatFitTogetherAreJoinedEvenly() {
    FakeMeasure measure = new FakeMeasure(5, 5 + 3 * 11);
    assertThat(new TextGroups(measure).of(Collections.nCopies(7, TEXT), 4))
        .contains(
            List.of(TEXT + "\n" + TEXT, TEXT + "\n" + TEXT, TEXT + "\n" + TEXT + "\n" + TEXT));
    assertThat(new TextGroups(measure).of(List.of("a", "b", "c"), 2)).contains(List.of("a\nb\nc"));
    assertThat(new TextGroups(measure).of(List.of("", ""), 1)).contains(List.of("\n"));
  }

  @Test
  void whatEveryTextByItselfBeginsWithCountsOnceInAGroup() {
    int begin = 7; // as a begin token, and much more of it
    FakeMeasure letters = new FakeMeasure(0, 0);
    PartMeasure measure =
        new PartMeasure() {
          @Override
          public int promptTokens(String text) {
            return 5 + textTokens(text);
          }

          @Override
          public int textTokens(String text) {
            return begin + letters.textTokens(text);
          }

          @Override
          public int limit(int otherTokens) {
            return otherTokens + 3 * 11;
          }
        };
    assertThat(new TextGroups(measure).of(Collections.nCopies(6, TEXT), 2))
        .contains(Collections.nCopies(2, TEXT + "\n" + TEXT + "\n" + TEXT));
  }

  @Test
  void groupsThatAreTooManyOrDoNotFitAreNone() {
    FakeMeasure two = new FakeMeasure(5, 5 + 2 * 11);
    assertThat(new TextGroups(two).of(Collections.nCopies(7, TEXT), 4)).isPresent();
    assertThat(new TextGroups(two).of(Collections.nCopies(7, TEXT), 3)).isEmpty();
    assertThat(new TextGroups(new FakeMeasure(5, 15)).of(List.of(TEXT, TEXT), 1)).isEmpty();
  }
}
