package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class WorkerLaunchTest {
  private final AtomicInteger tries = new AtomicInteger();

  private Process startAfter(int failures, String message) throws IOException {
    if (tries.getAndIncrement() < failures) {
      throw new IOException(message);
    }
    return new ProcessBuilder("/bin/true").start();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Cannot run program \"w\": error=11, Resource temporarily unavailable",
        "Cannot run program \"w\": error=12, Cannot allocate memory",
        "Cannot run program \"w\": error=26, Text file busy",
        "posix_spawn failed, error: 11 (Resource temporarily unavailable)"
      })
  void whatPassesIsTriedAgain(String message) throws Exception {
    Process process = WorkerLaunch.retried(() -> startAfter(3, message));
    assertThat(process.waitFor()).isZero();
    assertThat(tries).hasValue(4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"error=13, Permission denied", "error=111, else", "error=2, none"})
  void whatStaysIsNot(String message) {
    assertThatThrownBy(() -> WorkerLaunch.retried(() -> startAfter(3, message)))
        .isInstanceOf(IOException.class)
        .hasMessage(message);
    assertThat(tries).hasValue(1);
  }

  @Test
  void whatDoesNotPassInTwoSecondsIsGivenUp() {
    assertThatThrownBy(() -> WorkerLaunch.retried(() -> startAfter(1_000, "error=11, no")))
        .isExactlyInstanceOf(IOException.class);
    assertThat(tries).hasValue(40);
  }

  @Test
  void anInterruptedThreadDoesNotWait() {
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> WorkerLaunch.retried(() -> startAfter(1_000, "error=11, no")))
          .isInstanceOf(WorkerLaunch.InterruptedLaunchException.class);
      assertThat(tries).hasValue(1);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      Thread.interrupted();
    }
  }
}
