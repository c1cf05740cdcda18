package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WatchdogTest {
  private static final long LONG = TimeUnit.HOURS.toNanos(1);

  @Test
  void whatTakesTooLongIsBittenOnce() throws Exception {
    try (Watchdog watchdog = new Watchdog(Duration.ofMillis(4))) {
      AtomicInteger bites = new AtomicInteger();
      CountDownLatch bitten = new CountDownLatch(1);
      watchdog.watch(
          TimeUnit.MILLISECONDS.toNanos(4),
          () -> {
            bites.incrementAndGet();
            bitten.countDown();
          });
      assertThat(bitten.await(10, TimeUnit.SECONDS)).isTrue();
      Thread.sleep(20);
      assertThat(bites).hasValue(1);
      watchdog.calm();
      assertThat(watchdog.hasBitten()).isTrue();
      watchdog.watch(LONG, bites::incrementAndGet);
      assertThat(watchdog.hasBitten()).isFalse();
    }
  }

  /** What ends at its deadline is followed by what has time: the one must not cost the other. */
  @Test
  void aDeadlineThatHasPassedBitesNothingThatBeganLater() throws Exception {
    AtomicInteger bites = new AtomicInteger();
    CountDownLatch followed = new CountDownLatch(1);
    AtomicReference<Watchdog> watchdog = new AtomicReference<>();
    Thread watched = Thread.currentThread();
    LongSupplier clock =
        () -> { // the watchdog asks for the time while it looks at what has just passed
          if (Thread.currentThread() != watched && followed.getCount() > 0) {
            watchdog.get().calm();
            followed.countDown();
            watchdog.get().watch(LONG, bites::incrementAndGet);
          }
          return System.nanoTime();
        };
    watchdog.set(new Watchdog(Duration.ofMillis(4), clock));
    try (Watchdog open = watchdog.get()) {
      open.watch(1, bites::incrementAndGet);
      assertThat(followed.await(10, TimeUnit.SECONDS)).isTrue();
      Thread.sleep(100); // many looks
      assertThat(bites).hasValue(0);
      assertThat(open.hasBitten()).isFalse();
    }
  }
}
