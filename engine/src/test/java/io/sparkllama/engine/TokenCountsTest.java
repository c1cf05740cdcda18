package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Penalties;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Holds counts that grow against counts taken anew. */
class TokenCountsTest {
  private static final int VOCABULARY = 60;

  private record Count(int occurrences, float bias) {}

  private static final List<Penalties> PENALTIES =
      List.of(
          Penalties.NONE,
          new Penalties(1.2, 0, 0, Map.of()),
          new Penalties(1, 0.5, 0, Map.of()),
          new Penalties(1, 0, -0.5, Map.of(4, 2.5)),
          new Penalties(1, 0, 0, Map.of(7, -100.0, 3, 1.0)),
          new Penalties(0.9, 1, 1, Map.of(59, 3.0, 0, -3.0, 31, 0.5)));

  @Test
  void growAsTheyWouldBeTakenAnew() {
    Random random = new Random(3);
    for (int i = 0; i < 60; i++) {
      Penalties penalties = PENALTIES.get(i % PENALTIES.size());
      int[] prompt = random.ints(random.nextInt(50), 0, VOCABULARY).toArray();
      int[] answer = random.ints(random.nextInt(120), 0, VOCABULARY).toArray();
      TokenCounts counts = TokenCounts.of(penalties, prompt);
      for (int length = 0; length <= answer.length; length++) {
        assertThat(contents(counts)).isEqualTo(anew(penalties, prompt, answer, length));
        if (length < answer.length) {
          counts.add(answer[length]);
        }
      }
    }
  }

  @Test
  void nothingIsCountedWhereNothingChanges() {
    TokenCounts counts = TokenCounts.of(Penalties.NONE, new int[] {1, 2, 3});
    counts.add(4);
    assertThat(counts.size()).isZero();
  }

  private static TreeMap<Integer, Count> anew(
      Penalties penalties, int[] prompt, int[] answer, int length) {
    TreeMap<Integer, Count> expected = new TreeMap<>();
    for (int id = 0; id < VOCABULARY; id++) {
      int occurrences = -1;
      for (int token : prompt) {
        occurrences = token == id && penalties.repetition() != 1 ? 0 : occurrences;
      }
      boolean any =
          penalties.repetition() != 1 || penalties.presence() != 0 || penalties.frequency() != 0;
      for (int i = 0; i < length && any; i++) {
        occurrences = answer[i] == id ? Math.max(occurrences, 0) + 1 : occurrences;
      }
      if (occurrences >= 0 || penalties.logitBias().containsKey(id)) {
        double bias = penalties.logitBias().getOrDefault(id, 0.0);
        expected.put(id, new Count(occurrences, (float) bias));
      }
    }
    return expected;
  }

  private static TreeMap<Integer, Count> contents(TokenCounts counts) {
    TreeMap<Integer, Count> contents = new TreeMap<>();
    for (int i = 0; i < counts.size(); i++) {
      assertThat(i == 0 || counts.id(i) > counts.id(i - 1)).isTrue();
      contents.put(counts.id(i), new Count(counts.occurrences(i), counts.bias(i)));
    }
    return contents;
  }
}
