package io.sparkllama.job.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RunBudgetTest {
  private final AtomicLong clock = new AtomicLong(-5);

  @Test
  void tokensOfAllAttemptsCountOnce() {
    RunBudget budget = budget(OptionalLong.of(100), Optional.empty());
    assertThat(budget.report(1, 30)).isEqualTo(70);
    assertThat(budget.report(1, 40)).isEqualTo(60);
    assertThat(budget.report(2, 50)).isEqualTo(10);
    assertThat(budget.report(3, -5)).isEqualTo(15); // it was told of another's cached tokens
    assertThat(budget.report(2, 90)).isZero();
    assertThat(budget.endedBy()).isEqualTo(Limit.TOKENS);
  }

  @Test
  void timeEndsARunFromItsBeginningOn() {
    RunBudget budget = budget(OptionalLong.of(100), Optional.of(Duration.ofHours(2)));
    clock.addAndGet(Duration.ofHours(2).toNanos() - 1);
    assertThat(budget.report(1, 0)).isEqualTo(100);
    assertThat(budget.endedBy()).isEqualTo(Limit.TOKENS);
    clock.addAndGet(1);
    assertThat(budget.report(1, 0)).isZero();
    assertThat(budget.endedBy()).isEqualTo(Limit.HOURS);
  }

  @Test
  void whatEndedARunFirstStays() {
    RunBudget budget = budget(OptionalLong.of(100), Optional.of(Duration.ofHours(2)));
    assertThat(budget.report(1, 100)).isZero();
    clock.addAndGet(Duration.ofHours(3).toNanos()); // while rows in flight are finished
    assertThat(budget.report(1, 110)).isZero();
    assertThat(budget.endedBy()).isEqualTo(Limit.TOKENS);
  }

  @Test
  void withoutALimitThereIsAlwaysSomethingLeft() {
    RunBudget budget = budget(OptionalLong.empty(), Optional.of(Duration.ofHours(1)));
    assertThat(budget.report(1, Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
  }

  private RunBudget budget(OptionalLong tokens, Optional<Duration> time) {
    return new RunBudget(new RunLimits(OptionalLong.empty(), tokens, time), clock::get);
  }
}
