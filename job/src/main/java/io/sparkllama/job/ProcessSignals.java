package io.sparkllama.job;

import io.sparkllama.job.durable.StopRequest;
import java.time.Duration;
import java.util.List;
import sun.misc.Signal;

/** Turns the signals that ask a process to end into the request to stop. */
final class ProcessSignals {
  private ProcessSignals() {}

  /**
   * Listens from now on, in place of the JVM, which would end at once.
   *
   * @param grace after which the process ends however far the run is; so does a second signal
   * @param end ends the process at once
   */
  static void listen(StopRequest stop, Duration grace, Runnable end) {
    for (String name : List.of("TERM", "INT")) {
      Signal.handle(new Signal(name), signal -> heard("SIG" + name, stop, grace, end));
    }
  }

  private static void heard(String name, StopRequest stop, Duration grace, Runnable end) {
    if (stop.reason().isPresent()) {
      end.run();
    }
    Thread limit = new Thread(() -> endAfter(grace, end), "sparkllama-shutdown");
    limit.setDaemon(true);
    limit.start();
    stop.stop(name);
  }

  private static void endAfter(Duration grace, Runnable end) {
    try {
      Thread.sleep(grace.toMillis());
      end.run();
    } catch (InterruptedException unasked) {
      Thread.currentThread().interrupt();
    }
  }
}
