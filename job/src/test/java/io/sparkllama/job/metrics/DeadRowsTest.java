package io.sparkllama.job.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeadRowsTest {
  private static DeadRow row(String key) {
    return new DeadRow(key, "set-aside", "message", false);
  }

  private static DeadRows of(int partition, String... keys) {
    DeadRows rows = new DeadRows();
    for (String key : keys) {
      rows.add(Map.entry(partition, row(key)));
    }
    return rows;
  }

  /** A task that Spark runs again, or twice, counts once. */
  @Test
  void aPartitionsRowsReplaceThoseOfAnEarlierAttempt() {
    DeadRows driver = new DeadRows();
    assertThat(driver.isZero()).isTrue();
    driver.merge(of(0, "a", "b"));
    driver.merge(of(1, "c"));
    driver.merge(of(0, "b"));
    assertThat(driver.all()).containsExactlyInAnyOrder(row("b"), row("c"));
    assertThat(driver.isZero()).isFalse();
  }

  @Test
  void anAttemptWithoutAnyReplacesAnotherOne() {
    DeadRows driver = new DeadRows();
    driver.merge(of(0, "a"));
    DeadRows later = new DeadRows();
    later.begin(0);
    driver.merge(later);
    assertThat(driver.all()).isEmpty();
  }

  @Test
  void aCopyIsAnotherOne() {
    DeadRows rows = of(0, "a");
    DeadRows copy = rows.copy();
    rows.add(Map.entry(0, row("b")));
    assertThat(copy.value()).isEqualTo(Map.of(0, List.of(row("a"))));
    rows.reset();
    assertThat(rows.isZero()).isTrue();
    assertThat(copy.all()).hasSize(1);
  }
}
