package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.RowKey;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Fixes the derivation of random keys: a change would change every sampled answer. The values were
 * computed from the documented rule in Python.
 */
class SamplingKeyTest {
  @Test
  void isFixedForGood() {
    assertThat(SamplingKey.of(0, new RowKey(0, 0), 0))
        .isEqualTo(new SamplingKey(0x4534183A9817A9A3L, 0xC1447FD22E49D7E1L));
    assertThat(SamplingKey.of(42, new RowKey(1, 2), 0))
        .isEqualTo(new SamplingKey(0xC4CBC731181A9EB0L, 0x74C7E57CA57FECC2L));
    assertThat(SamplingKey.of(-1, new RowKey(0x0123456789ABCDEFL, -2), 3))
        .isEqualTo(new SamplingKey(0x143840290F73B81EL, 0xAB92B356E99C41C3L));
  }

  @Test
  void differsWithEveryWord() {
    Set<SamplingKey> keys = new HashSet<>();
    for (int seed = 0; seed < 6; seed++) {
      for (int high = 0; high < 6; high++) {
        for (int low = 0; low < 6; low++) {
          for (int sample = 0; sample < 6; sample++) {
            keys.add(SamplingKey.of(seed, new RowKey(high, low), sample));
          }
        }
      }
    }
    assertThat(keys).hasSize(6 * 6 * 6 * 6);
  }
}
