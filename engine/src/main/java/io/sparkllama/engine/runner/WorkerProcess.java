package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Talks with one worker process: a request, then its reply, over its standard input and output, as
 * {@code worker/channel.h} has them. One thread at a time, but for {@link #kill}.
 */
final class WorkerProcess implements AutoCloseable {
  /** Names what a worker is asked for. The order is that of native code, from 1 on. */
  enum Request {
    CREATE,
    ATTACH,
    PUT_MASK,
    OPEN_ADAPTER,
    FILL_ADAPTER,
    STEP,
    ADAPTER_BYTES,
    STOP,
    OPEN_DEVICE
  }

  /**
   * Is what a worker answers.
   *
   * @param payload little-endian
   */
  record Reply(long value, ByteBuffer payload) {}

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final int HEAD_BYTES = 24;
  private static final int MARK = 0x57504c53; // "SLPW"
  private static final int MOST_REPLY_BYTES = 1 << 20;
  private static final int SIGNAL_BASE = 128; // of exit values, as Java gives them
  private static final int ABORT = 6;
  private static final int KILL = 9;

  /** Signals that others send: hang-up, interrupt, quit, kill, terminate. */
  private static final Set<Integer> FOREIGN_SIGNALS = Set.of(1, 2, 3, KILL, 15);

  private static final long END_SECONDS = 10; // that a process may take to end

  /** Times that a process is killed and waited for. One that stays is stuck in the system. */
  private static final int MOST_KILLS = 6;

  private final Process process;
  private final OutputStream requests;
  private final WorkerReplies replies;
  private final ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final WorkerLog log;
  private StepStatusPage status; // null before the worker has said where it is
  private volatile boolean killed;
  private boolean givenUp; // it has not gone

  /**
   * Takes over a process.
   *
   * @param device that it is going to open
   */
  WorkerProcess(Process process, Device device) {
    this.process = process;
    this.log = WorkerLog.follow(process);
    this.requests = process.getOutputStream();
    this.replies =
        device instanceof Device.Cuda
            ? WorkerReplies.watched(process, this::endIfKilled)
            : WorkerReplies.blocking(process);
  }

  /**
   * Starts a worker, which ends when the calling thread does.
   *
   * @param device that it is going to open
   * @param watchdog watches over it until it has said what it is
   * @param patience how long it may take to say so
   * @throws InvalidConfigurationException where it cannot be started or is of another build
   * @throws RunnerLostException where it ends at once, or says nothing in that time
   */
  static WorkerProcess start(Path executable, Device device, Watchdog watchdog, Duration patience) {
    Process process;
    try {
      process = WorkerLaunch.of(executable, device);
    } catch (WorkerLaunch.InterruptedLaunchException e) {
      throw new EngineFailedException(
          "The start of the worker process was interrupted: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The worker process of the native engine could not be started. If its folder forbids"
              + " execution (noexec), set engine.native-dir to one that does not; where the system"
              + " lets this user start no further process, raise that limit, or set"
              + " engine.isolation to none, at which a fault of native code ends this process: "
              + e.getMessage(),
          e);
    }
    WorkerProcess worker = new WorkerProcess(process, device);
    watchdog.watch(patience.toNanos(), worker::kill);
    try {
      worker.greet();
      return worker;
    } catch (RunnerLostException lost) {
      throw watchdog.hasBitten() ? worker.overdue() : lost;
    } catch (RuntimeException | Error e) {
      worker.kill();
      throw e;
    } finally {
      watchdog.calm();
    }
  }

  private void greet() {
    Reply hello = receive();
    NativeLibrary.requireSameBuild(
        StandardCharsets.UTF_8.decode(hello.payload()).toString(), "the worker process");
    status = new StepStatusPage(map(hello.value(), StepStatusPage.BYTES));
  }

  long pid() {
    return process.pid();
  }

  /**
   * Asks for something and waits for the answer.
   *
   * @throws RunnerLostException where the process has ended
   */
  Reply ask(Request request, int first, int second, ByteBuffer payload) {
    send(request, first, second, payload);
    return receive();
  }

  Reply ask(Request request) {
    return ask(request, 0, 0, NOTHING);
  }

  /** Asks for a step, whose reply is to be received. */
  void sendStep(int buffer) {
    send(Request.STEP, buffer, 0, NOTHING);
  }

  private void send(Request request, int first, int second, ByteBuffer payload) {
    head.clear();
    head.putInt(MARK).putInt(request.ordinal() + 1).putInt(first).putInt(second);
    head.putLong(payload.remaining());
    try {
      requests.write(head.array());
      if (payload.hasRemaining()) {
        byte[] bytes = new byte[payload.remaining()];
        payload.duplicate().get(bytes);
        requests.write(bytes);
      }
      requests.flush();
    } catch (IOException e) {
      throw lost();
    }
  }

  /**
   * Waits for the answer to the last request.
   *
   * @throws RunnerLostException where the process ends before
   */
  Reply receive() {
    ByteBuffer payload;
    try {
      replies.readWhole(head.array());
      long length = head.getLong(16);
      if (head.getInt(0) != MARK || length < 0 || length > MOST_REPLY_BYTES) {
        kill();
        throw new EngineFailedException(
            "The worker process gave a reply that is none; it was ended. Length " + length);
      }
      byte[] bytes = new byte[(int) length];
      replies.readWhole(bytes);
      payload = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      throw lost();
    }
    requireDone(head.getInt(4), payload);
    return new Reply(head.getLong(8), payload);
  }

  /** Throws what native code threw, as it would within this process. */
  private static void requireDone(int outcome, ByteBuffer payload) {
    if (outcome == 0) {
      return;
    }
    String message = StandardCharsets.UTF_8.decode(payload.duplicate()).toString();
    throw switch (outcome) {
      case 1 -> new ModelFormatException(message);
      case 2 -> new InvalidConfigurationException(message);
      case 3 -> new InsufficientMemoryException(message);
      default -> new EngineFailedException(message);
    };
  }

  /** Returns memory that the worker shares, whole. */
  ByteBuffer map(long descriptor, long bytes) {
    Path memory = Path.of("/proc/" + pid() + "/fd/" + descriptor);
    try (FileChannel channel =
        FileChannel.open(memory, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes);
    } catch (NoSuchFileException | AccessDeniedException e) {
      if (!process.isAlive()) {
        throw lost();
      }
      throw new InvalidConfigurationException(
          "The worker's memory cannot be shared: it needs /proc, with the files of this user's"
              + " processes; mount it, or set engine.isolation to none, at which a fault of native"
              + " code ends this process: "
              + e,
          e);
    } catch (IOException e) {
      if (!process.isAlive()) {
        throw lost();
      }
      throw new EngineFailedException(
          "The worker's memory could not be mapped; see to this process's open files (ulimit -n),"
              + " mappings (vm.max_map_count) and memory: "
              + e,
          e);
    }
  }

  /** Says what became of the process: waits for its end, which it is brought to where it is not. */
  private RunnerLostException lost() {
    end();
    int exit = process.exitValue();
    int signal = exit - SIGNAL_BASE;
    Loss loss = FOREIGN_SIGNALS.contains(signal) ? Loss.KILLED : Loss.ENDED;
    String how =
        signal > 0
            ? "by signal " + signal + (signal == ABORT ? " (abort)" : "")
            : "with exit code " + exit;
    return new RunnerLostException(
        loss, "The worker process ended " + how + ", at " + progress(), rows());
  }

  /** Says that the process was killed for giving no reply. */
  RunnerLostException overdue() {
    return new RunnerLostException(
        Loss.HUNG, "The worker process gave no reply and was ended, at " + progress(), rows());
  }

  /** Before it has said what it is, its words are of the system, and of no document. */
  private String progress() {
    return status == null
        ? "its start" + log.lastLine().map(line -> ", where it said: " + line).orElse("")
        : status.description();
  }

  private List<Integer> rows() {
    return status == null ? List.of() : status.rows();
  }

  /** Ends the process at once, from any thread. */
  void kill() {
    process.destroyForcibly();
    killed = true;
  }

  /**
   * Ends the process, after the request under way, and waits until the system has forgotten it.
   *
   * @throws EngineFailedException as {@link #end}, where that has not been said before
   */
  @Override
  public void close() {
    if (givenUp) {
      return;
    }
    if (process.isAlive()) {
      try {
        send(Request.STOP, 0, 0, NOTHING);
      } catch (RunnerLostException gone) {
        return; // which is what was wanted
      }
    }
    end();
  }

  /**
   * Waits for the process's end, a little; then kills it, and waits a minute.
   *
   * @throws EngineFailedException where it does not go: it is waited for no more
   */
  void end() {
    for (int kills = 0; !givenUp && !hasEnded(); kills++) {
      givenUp = kills == MOST_KILLS;
      kill();
    }
    if (givenUp) {
      throw new EngineFailedException(
          "The worker process does not end although it was killed; it is stuck in the system, as in"
              + " the driver of a device or in storage that gives no answer: see the kernel's log"
              + " (Xid, hung tasks), and reset the device or start the host again. Process "
              + pid());
    }
  }

  private void endIfKilled() {
    if (killed) {
      end();
    }
  }

  /** Waits a little, however often this thread is interrupted. */
  private boolean hasEnded() {
    boolean interrupted = false;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(END_SECONDS);
    try {
      while (true) {
        try {
          return process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
