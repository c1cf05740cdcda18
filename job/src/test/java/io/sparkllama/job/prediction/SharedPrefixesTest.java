package io.sparkllama.job.prediction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SharedPrefixesTest {
  @Test
  void countsEachNodeOfTheTrieOnce() {
    SharedPrefixes prefixes =
        SharedPrefixes.of(List.of(new int[] {1, 2, 4}, new int[] {5}, new int[] {1, 2, 3}));
    assertThat(prefixes.tokens()).isEqualTo(7);
    assertThat(prefixes.nodes()).containsExactly(0, 3, 2, 0); // 3, 4 and 5; and 1 and 2
    assertThat(prefixes.shared()).isEqualTo(2);
    assertThat(prefixes.shared(2)).isCloseTo(2 / 3.0, within(1e-12)); // one pair of three
  }

  @Test
  void equalsTheMeanOverAllDraws() {
    Random random = new Random(7);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      prompts.add(random.ints(random.nextInt(6), 0, 2).toArray()); // some equal, some empty
    }
    SharedPrefixes all = SharedPrefixes.of(prompts);
    for (int drawn = 0; drawn <= 8; drawn++) {
      double sum = 0;
      int draws = 0;
      for (int mask = 0; mask < 1 << 8; mask++) {
        if (Integer.bitCount(mask) == drawn) {
          sum += sharedByATrie(prompts, mask);
          draws++;
        }
      }
      assertThat(all.shared(drawn)).as("%d drawn", drawn).isCloseTo(sum / draws, within(1e-9));
    }
    assertThat(all.shared()).isEqualTo(sharedByATrie(prompts, 0xff));
  }

  private static long sharedByATrie(List<int[]> prompts, int mask) {
    Set<List<Integer>> nodes = new HashSet<>();
    long tokens = 0;
    for (int i = 0; i < prompts.size(); i++) {
      List<Integer> path = new ArrayList<>();
      for (int token : (mask >> i & 1) == 1 ? prompts.get(i) : new int[0]) {
        path.add(token);
        nodes.add(List.copyOf(path));
        tokens++;
      }
    }
    return tokens - nodes.size();
  }

  @Test
  void anInstructionIsSharedByAllButTheFirst() {
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      prompts.add(new int[] {1, 2, 3, 4, 5, 6, 7, 100 + i, 8});
    }
    Estimate shared = SharedPrefixes.of(prompts).sharedOf(100_000, 100_000);
    assertThat(shared.value()).isCloseTo(7 * 99_999, within(1.0));
    assertThat(shared.low()).isCloseTo(shared.value(), within(1.0));
    assertThat(SharedPrefixes.of(prompts).sharedOf(20, 20).value()).isCloseTo(7 * 19, within(1e-9));
    assertThat(SharedPrefixes.of(prompts.subList(0, 4)).sharedOf(10, 10).value())
        .isCloseTo(7 * 9, within(1e-9));
  }

  @Test
  void whatTextsShareGrowsWithTheirNumber() {
    Random random = new Random(3);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 16_000; i++) {
      prompts.add(random.ints(40, 0, 3).toArray());
    }
    double all = SharedPrefixes.of(prompts).shared();
    SharedPrefixes sample = SharedPrefixes.of(prompts.subList(0, 400));
    Estimate estimate = sample.sharedOf(16_000, 16_000);
    assertThat(estimate.value()).isCloseTo(all, within(0.03 * all));
    assertThat(all).isBetween(estimate.low(), estimate.high());
    double withoutGrowth = 16_000.0 / 400 * sample.shared();
    assertThat(withoutGrowth).isLessThan(0.8 * all);
  }

  @Test
  void aCacheThatKeepsFewFindsLess() {
    Random random = new Random(4);
    List<int[]> prompts = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      prompts.add(random.ints(40, 0, 3).toArray());
    }
    SharedPrefixes sample = SharedPrefixes.of(prompts);
    assertThat(sample.sharedOf(1_000, 1).value())
        .isCloseTo(999 * sample.shared(2), within(1e-6)); // each meets one other
    // Random texts of an alphabet of three: nine times as many share two tokens more, less a half
    // of these while the first of them come.
    double few = sample.sharedOf(20_000, 400).value() / 20_000;
    double many = sample.sharedOf(20_000, 3_600).value() / 20_000;
    assertThat(many - few).isCloseTo(2 * 0.9, within(0.25));
    assertThat(sample.sharedOf(20_000, 20_000)).isEqualTo(sample.sharedOf(20_000, 1e9));
  }

  @Test
  void nothingSharesNothing() {
    assertThat(SharedPrefixes.of(List.of()).sharedOf(100, 100)).isEqualTo(Estimate.exactly(0));
    Estimate whole =
        SharedPrefixes.of(List.of(new int[] {1, 2}, new int[] {1, 2})).sharedOf(50, 50);
    assertThat(whole.high()).isLessThanOrEqualTo(50); // a prompt's last token is computed
  }
}
