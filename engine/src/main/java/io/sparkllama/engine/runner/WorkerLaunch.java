package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * Starts a worker's process; again, for two seconds, where the system cannot just now.
 *
 * <p>That is so where this user's processes (EAGAIN) or the memory (ENOMEM) are used up for a
 * moment, as beside a build or a shuffle, and where the file is open for writing (ETXTBSY): a
 * process that another thread started while the file was written holds it until it runs its own.
 */
final class WorkerLaunch {
  /** Starts one process. */
  @FunctionalInterface
  interface Start {
    Process start() throws IOException;
  }

  /** Reports that the thread is not to wait until the system can. */
  static final class InterruptedLaunchException extends IOException {
    private static final long serialVersionUID = 1;

    private InterruptedLaunchException(IOException reason) {
      super(reason.getMessage(), reason);
    }
  }

  /** Java has no exceptions of their own for these: the numbers stand in the message. */
  private static final Pattern PASSING = Pattern.compile("error[=:] ?(11|12|26)\\b");

  private static final int TRIES = 40;
  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(50);

  private WorkerLaunch() {}

  /**
   * Starts a worker of this process.
   *
   * @param device that it is going to open, and of which the driver shows it no other where whoever
   *     shares devices out has named it
   * @throws InterruptedLaunchException where it would have to wait and the thread is interrupted,
   *     which it stays
   */
  static Process of(Path executable, Device device) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(executable.toString(), Long.toString(ProcessHandle.current().pid()));
    if (device instanceof Device.Cuda cuda && !cuda.address().isEmpty()) {
      // An index is nvidia-smi's: of the order on the bus, where the driver's own is by speed.
      builder.environment().put("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
      builder.environment().put("CUDA_VISIBLE_DEVICES", cuda.address());
    }
    return retried(builder::start);
  }

  static Process retried(Start start) throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return start.start();
      } catch (IOException e) {
        if (attempt == TRIES || !isPassing(e)) {
          throw e;
        }
        LockSupport.parkNanos(PAUSE);
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedLaunchException(e);
        }
      }
    }
  }

  private static boolean isPassing(IOException e) {
    return e.getMessage() != null && PASSING.matcher(e.getMessage()).find();
  }
}
