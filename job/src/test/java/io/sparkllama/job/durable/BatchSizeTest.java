package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.config.ChangedOutput;
import io.sparkllama.job.limit.DeadLetterLimit;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class BatchSizeTest {
  private static final DeadLetterLimit LETTERS = new DeadLetterLimit(0.1);
  private static final long MANY = 1_000_000_000;

  @Test
  void theFirstBatchHasAFileForEachSlotAndTheNextTakesItsTime() {
    BatchSize size = new BatchSize(minutes(5), 8, 2000, MANY);
    assertThat(size.files()).isEqualTo(8);
    assertThat(size.changes(16_000, Duration.ofSeconds(60), MANY)).isTrue();
    assertThat(size.files()).isEqualTo(40); // 16,000 rows a minute
    assertThat(size.changes(80_000, Duration.ofSeconds(290), MANY)).isFalse();
    assertThat(size.files()).isEqualTo(40);
  }

  @Test
  void aSmallJobIsOneBatch() {
    assertThat(new BatchSize(minutes(5), 8, 2000, 32_000).files()).isEqualTo(16);
    assertThat(new BatchSize(minutes(5), 8, 2000, 32_001).files()).isEqualTo(8);
    assertThat(new BatchSize(minutes(5), 8, 2000, 1).files()).isEqualTo(8);
  }

  @Test
  void aRateThatWasFarOffIsCorrected() {
    BatchSize size = new BatchSize(minutes(5), 8, 2000, MANY);
    assertThat(size.changes(16_000, Duration.ofSeconds(10), MANY)).isTrue();
    assertThat(size.files()).isEqualTo(240);
    assertThat(size.changes(480_000, Duration.ofSeconds(600), MANY)).isTrue();
    assertThat(size.files()).isEqualTo(120);
  }

  @Test
  void noBatchLeavesSlotsIdle() {
    BatchSize size = new BatchSize(minutes(5), 8, 2000, MANY);
    assertThat(size.changes(16_000, Duration.ofHours(2), MANY)).isFalse();
    assertThat(size.files()).isEqualTo(8);
  }

  @Test
  void theLastBatchIsNotWorthAnotherStart() {
    BatchSize size = new BatchSize(minutes(5), 8, 2000, MANY);
    assertThat(size.changes(16_000, Duration.ofSeconds(1), 16_000)).isFalse();
    assertThat(size.changes(16_000, Duration.ofSeconds(1), 16_001)).isTrue();
    assertThat(size.changes(0, Duration.ofSeconds(1), MANY)).isFalse();
  }

  @Test
  void rowsThatAreAskedForHold() {
    BatchSize size =
        new BatchSize(
            new DurableSettings(
                ChangedOutput.REFUSE, Duration.ofMinutes(5), OptionalLong.of(5000), LETTERS),
            8,
            2000,
            MANY);
    assertThat(size.files()).isEqualTo(3);
    assertThat(size.changes(5000, Duration.ofSeconds(1), MANY)).isFalse();
    assertThat(
            new BatchSize(
                    new DurableSettings(
                        ChangedOutput.REFUSE, Duration.ofMinutes(5), OptionalLong.of(1), LETTERS),
                    8,
                    2000,
                    MANY)
                .files())
        .isEqualTo(1);
  }

  private static DurableSettings minutes(int minutes) {
    return new DurableSettings(
        ChangedOutput.REFUSE, Duration.ofMinutes(minutes), OptionalLong.empty(), LETTERS);
  }
}
