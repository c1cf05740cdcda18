package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.jni.WorkerExecutable;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Starts a worker process and ends it again, so that a machine that lets none run refuses before a
 * model is fetched, packed or mapped. Takes some milliseconds.
 */
public final class WorkerTrial {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private WorkerTrial() {}

  /**
   * Tries the worker that an engine with these options would start, and the GPU that it would open;
   * none where they want none.
   *
   * @return what the GPU is, where the options name one
   * @throws InvalidConfigurationException where this machine lets it not run, or has not the GPU
   * @throws EngineFailedException where it was killed, or says nothing
   */
  public static Optional<DeviceFacts> run(EngineOptions options) {
    if (options.isolation() == Isolation.NONE) {
      return Optional.empty();
    }
    try (WorkerExecutable executable = WorkerExecutable.find(options.nativeDirectory())) {
      return run(executable.path(), options.device(), options.nativeDirectory());
    } catch (InvalidConfigurationException refused) {
      // What keeps all native code from running is told better by the library, which is no program.
      NativeLibrary.load(options.nativeDirectory());
      throw refused;
    }
  }

  private static Optional<DeviceFacts> run(
      Path executable, Device device, Optional<Path> nativeDirectory) {
    try (Watchdog watchdog = new Watchdog(PATIENCE);
        WorkerProcess worker = WorkerProcess.start(executable, device, watchdog, PATIENCE)) {
      return device instanceof Device.Cuda cuda
          ? Optional.of(opened(worker, cuda, nativeDirectory, watchdog))
          : Optional.empty();
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

  private static DeviceFacts opened(
      WorkerProcess worker, Device.Cuda device, Optional<Path> nativeDirectory, Watchdog watchdog) {
    watchdog.watch(PATIENCE.toNanos(), worker::kill);
    try {
      return DeviceOpening.open(worker, device, nativeDirectory);
    } catch (RunnerLostException lost) {
      throw new EngineFailedException(
          "The worker process is lost while it opens the GPU; see to the device and its driver, or"
              + " set engine.device to cpu (device "
              + device
              + "): "
              + lost.getMessage(),
          lost);
    } finally {
      watchdog.calm();
    }
  }
}
