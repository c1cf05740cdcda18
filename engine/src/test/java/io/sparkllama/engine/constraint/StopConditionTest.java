package io.sparkllama.engine.constraint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Holds that an answer ends at the first stop string, however its text is cut into pieces. */
class StopConditionTest {
  @Test
  void endsAtAStringAcrossPieces() {
    StopCondition stop = new StopCondition(Set.of(), List.of("END"));
    assertThat(stop.append("the E")).isFalse();
    assertThat(stop.append("N")).isFalse();
    assertThat(stop.append("D and more")).isTrue();
    assertThat(stop.text()).isEqualTo("the ");
    assertThat(stop.append("END")).isTrue();
    assertThat(stop.text()).isEqualTo("the ");
  }

  @Test
  void keepsAPartOfAStringThatNeverEnds() {
    StopCondition stop = new StopCondition(Set.of(), List.of("END"));
    assertThat(stop.append("EN")).isFalse();
    assertThat(stop.append("")).isFalse();
    assertThat(stop.text()).isEqualTo("EN");
  }

  @Test
  void takesTheStringThatBeginsFirst() {
    StopCondition stop = new StopCondition(Set.of(), List.of("c", "bcd", "x"));
    assertThat(stop.append("ab")).isFalse();
    assertThat(stop.append("cdx")).isTrue();
    assertThat(stop.text()).isEqualTo("a");
  }

  @Test
  void knowsItsTokens() {
    StopCondition stop = new StopCondition(Set.of(2, 7), List.of());
    assertThat(stop.endsAt(7)).isTrue();
    assertThat(stop.endsAt(3)).isFalse();
    assertThat(stop.append("anything")).isFalse();
  }

  @Test
  void findsWhatASearchOfTheWholeTextFinds() {
    Random random = new Random(3);
    for (int trial = 0; trial < 2000; trial++) {
      List<String> strings = List.of(word(random, 1 + random.nextInt(4)), word(random, 3));
      StopCondition stop = new StopCondition(Set.of(), strings);
      StringBuilder whole = new StringBuilder();
      int end = -1;
      while (end < 0 && whole.length() < 40) {
        String piece = word(random, random.nextInt(4));
        whole.append(piece);
        end = strings.stream().mapToInt(whole::indexOf).filter(at -> at >= 0).min().orElse(-1);
        assertThat(stop.append(piece)).isEqualTo(end >= 0);
      }
      assertThat(stop.text()).isEqualTo(end < 0 ? whole.toString() : whole.substring(0, end));
    }
  }

  private static String word(Random random, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) {
      word.append((char) ('a' + random.nextInt(3)));
    }
    return word.toString();
  }
}
