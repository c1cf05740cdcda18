package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import java.time.Duration;
import java.util.List;

/**
 * Spaces the attempts at starting a lost runner again. A device that is being reset, or memory
 * there that a neighbour or the lost process still holds, is back after seconds only.
 *
 * @param between the pauses between two attempts, which are one more
 */
public record RestartPauses(List<Duration> between, Sleeper sleeper) {
  /** Waits. */
  @FunctionalInterface
  public interface Sleeper {
    void sleep(Duration pause) throws InterruptedException;
  }

  private static final List<Duration> OF_PROCESSORS = List.of(Duration.ZERO, Duration.ZERO);
  private static final List<Duration> OF_DEVICES =
      List.of(Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(20));

  public RestartPauses {
    between = List.copyOf(between);
  }

  /** Returns those of a runner that computes there. */
  public static RestartPauses of(Device device, Sleeper sleeper) {
    return new RestartPauses(device instanceof Device.Cuda ? OF_DEVICES : OF_PROCESSORS, sleeper);
  }

  /** The same, by the time of this machine. */
  public static RestartPauses of(Device device) {
    return of(device, pause -> Thread.sleep(pause.toMillis()));
  }

  /** Returns how often a start is tried. */
  public int attempts() {
    return between.size() + 1;
  }

  /**
   * Waits after an attempt that is not the last.
   *
   * @param attempt from 1 on
   * @throws EngineFailedException where the thread is interrupted
   */
  public void after(int attempt) {
    Duration pause = between.get(attempt - 1);
    if (pause.isZero()) {
      return;
    }
    try {
      sleeper.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineFailedException(
          "The start of the worker process was interrupted, in a pause of seconds before it is"
              + " tried again: "
              + pause.toSeconds(),
          e);
    }
  }
}
