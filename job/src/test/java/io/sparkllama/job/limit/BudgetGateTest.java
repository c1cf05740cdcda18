package io.sparkllama.job.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BudgetGateTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final BlockingQueue<Long> reports = new ArrayBlockingQueue<>(100);

  @Test
  void ownTokensCountAtOnceAndThoseOfOthersWithTheNextAnswer() throws Exception {
    AtomicInteger left = new AtomicInteger(50);
    try (BudgetGate gate = gate((run, task, tokens) -> left.get(), NEVER)) {
      gate.awaitAnswer(PATIENCE);
      gate.used(49);
      assertThat(gate.isOpen()).isTrue();
      gate.used(50);
      assertThat(gate.isOpen()).isFalse();
    }
  }

  @Test
  void aRunThatIsOverStaysClosedWhateverTheTaskHasUsed() throws Exception {
    try (BudgetGate gate = gate((run, task, tokens) -> 0, NEVER)) {
      gate.awaitAnswer(PATIENCE);
      gate.used(-40); // it was told of another's cached tokens
      assertThat(gate.isOpen()).isFalse();
    }
  }

  @Test
  void reportsAgainAndAgainAndWhenItIsClosed() throws Exception {
    BudgetGate gate = gate((run, task, tokens) -> 1000, Duration.ofMillis(1));
    assertThat(reports.take()).isZero();
    gate.used(7);
    while (reports.take() != 7) {
      Thread.onSpinWait();
    }
    gate.close();
    BudgetGate once = gate((run, task, tokens) -> 1000, NEVER);
    once.awaitAnswer(PATIENCE);
    reports.clear();
    once.used(9);
    once.close();
    once.close();
    assertThat(reports.take()).isEqualTo(9);
    assertThat(reports.poll(50, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void withoutAnAnswerTheTaskGoesOn() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    ReportLine lost =
        (run, task, tokens) -> {
          asked.incrementAndGet();
          throw new IOException("lost");
        };
    try (BudgetGate gate = new BudgetGate(lost, 1, 2, Duration.ofMillis(1))) {
      gate.awaitAnswer(Duration.ofMillis(10));
      assertThat(gate.isOpen()).isTrue();
      while (asked.get() < 3) {
        Thread.onSpinWait(); // it asks again
      }
    }
    CountDownLatch never = new CountDownLatch(1);
    ReportLine silent =
        (run, task, tokens) -> {
          never.await();
          return 0;
        };
    try (BudgetGate gate = new BudgetGate(silent, 1, 2, Duration.ofMillis(1))) {
      gate.awaitAnswer(Duration.ofMillis(10));
      gate.used(1_000);
      assertThat(gate.isOpen()).isTrue();
    } finally {
      never.countDown();
    }
  }

  private BudgetGate gate(ReportLine answers, Duration interval) {
    return new BudgetGate(
        (run, task, tokens) -> {
          assertThat(run).isEqualTo(1);
          assertThat(task).isEqualTo(2);
          var unused = reports.offer(tokens);
          return answers.report(run, task, tokens);
        },
        1,
        2,
        interval);
  }
}
