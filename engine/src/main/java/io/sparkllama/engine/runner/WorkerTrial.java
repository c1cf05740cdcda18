package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.jni.WorkerExecutable;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Starts a worker process and ends it again, so that a machine that lets none run refuses before a
 * model is fetched, packed or mapped. Takes some milliseconds.
 */
public final class WorkerTrial {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private WorkerTrial() {}

  /**
   * Tries the worker that an engine with these options would start; none where they want none.
   *
   * @throws InvalidConfigurationException where this machine lets it not run
   * @throws EngineFailedException where it was killed, or says nothing
   */
  public static void run(EngineOptions options) {
    if (options.isolation() == Isolation.NONE) {
      return;
    }
    try (WorkerExecutable executable = WorkerExecutable.find(options.nativeDirectory())) {
      run(executable.path());
    } catch (InvalidConfigurationException refused) {
      // What keeps all native code from running is told better by the library, which is no program.
      NativeLibrary.load(options.nativeDirectory());
      throw refused;
    }
  }

  static void run(Path executable) {
    try (Watchdog watchdog = new Watchdog(PATIENCE)) {
      WorkerProcess.start(executable, watchdog, PATIENCE).close();
    } catch (RunnerLostException lost) {
      if (lost.loss() != Loss.ENDED) {
        throw new EngineFailedException(
            "The worker process of the native engine does not start: " + lost.getMessage(), lost);
      }
      throw new InvalidConfigurationException(
          "The worker process of the native engine cannot run on this machine; if it may not have"
              + " what it needs (memory to share, /proc, threads), set engine.isolation to none, at"
              + " which a fault of native code ends this process: "
              + lost.getMessage(),
          lost);
    }
  }
}
