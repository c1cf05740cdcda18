package io.sparkllama.job.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DeadRowProgressTest {
  private static final DeadRow ROW = new DeadRow("0", "set-aside", "message", false);

  private final DeadRows rows = new DeadRows();
  private final DeadRowProgress progress = new DeadRowProgress();

  @Test
  void runningTasksCountBesideThoseThatHaveEnded() {
    progress.follow(rows);
    assertThat(progress.count()).isZero();
    progress.tell(7, Map.of(0, List.of(ROW)));
    progress.tell(8, Map.of(1, List.of(ROW)));
    progress.tell(8, Map.of(1, List.of(ROW, ROW)));
    assertThat(progress.count()).isEqualTo(3);
    rows.add(Map.entry(0, ROW)); // merged before its end is told
    assertThat(progress.count()).isEqualTo(3);
    progress.ended(7);
    assertThat(progress.count()).isEqualTo(3);
  }

  @Test
  void ofTwoAttemptsAtAPartitionOneCounts() {
    progress.follow(rows);
    progress.tell(7, Map.of(0, List.of(ROW, ROW)));
    progress.tell(9, Map.of(0, List.of(ROW)));
    assertThat(progress.count()).isEqualTo(2);
  }

  @Test
  void anAttemptThatFailedCountsForNothing() {
    progress.follow(rows);
    progress.tell(7, Map.of(0, List.of(ROW)));
    progress.ended(7);
    assertThat(progress.count()).isZero();
  }

  /** The engine has failed once for all of them. */
  @Test
  void ofRowsThatShareARequestOneCounts() {
    progress.follow(rows);
    progress.tell(7, Map.of(0, List.of(ROW, ROW.asRepeated(), ROW.asRepeated())));
    assertThat(progress.count()).isEqualTo(1);
    rows.add(Map.entry(0, ROW));
    rows.add(Map.entry(0, ROW.asRepeated()));
    assertThat(progress.count()).isEqualTo(1);
  }

  @Test
  void anotherActionBeginsAnew() {
    progress.follow(rows);
    rows.add(Map.entry(0, ROW));
    progress.tell(7, Map.of(1, List.of(ROW)));
    progress.follow(new DeadRows());
    assertThat(progress.count()).isZero();
  }
}
