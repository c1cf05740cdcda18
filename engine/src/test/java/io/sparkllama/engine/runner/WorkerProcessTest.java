package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.jni.WorkerExecutable;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import io.sparkllama.engine.runner.WorkerProcess.Request;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Talks with the worker's executable as no engine would. */
@Timeout(60)
class WorkerProcessTest {
  private static final int MALFORMED = 3; // exit code

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration SHORT_PATIENCE = Duration.ofMillis(300);

  private final Watchdog watchdog = new Watchdog(Duration.ofMillis(100));

  @TempDir Path folder;

  @AfterEach
  void closeWatchdog() {
    watchdog.close();
  }

  @Test
  void aMalformedMessageEndsTheWorkerWithAClearLine() throws Exception {
    expectEnd("x".repeat(24).getBytes(StandardCharsets.US_ASCII), "is none of this protocol");
    expectEnd(head(99, 0), "is none of this protocol");
    expectEnd(head(1, -1), "longer than any may be");
    expectEnd(head(1, 1L << 40), "longer than any may be");
    expectEnd(head(1, 8), "ends before its last byte");
    expectEnd("half".getBytes(StandardCharsets.US_ASCII), "ends before its last byte");
    expectEnd(head(6, 0), "only a runner can do");
    expectEnd(head(1, 0), "no path of the packed file");
  }

  @Test
  void theEndOfItsInputEndsTheWorker() throws Exception {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty())) {
      Process process = start(executable.path(), ProcessHandle.current().pid());
      process.getOutputStream().close();
      assertThat(process.waitFor()).isZero();
    }
  }

  @Test
  void aWorkerWhoseParentWentBeforeDoesNotServe() throws Exception {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty())) {
      Process process = start(executable.path(), 1);
      assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isZero();
      assertThat(process.getInputStream().readAllBytes()).isEmpty();
    }
  }

  @Test
  void itsEndIsToldBySignalAndByExitCode() throws Exception {
    assertThat(lossAfter("kill -ABRT $$"))
        .hasMessageContaining("signal 6")
        .returns(Loss.ENDED, RunnerLostException::loss);
    assertThat(lossAfter("kill -SEGV $$"))
        .hasMessageContaining("signal 11")
        .returns(Loss.ENDED, RunnerLostException::loss);
    assertThat(lossAfter("kill -KILL $$"))
        .hasMessageContaining("signal 9")
        .returns(Loss.KILLED, RunnerLostException::loss);
    assertThat(lossAfter("exit 5"))
        .hasMessageContaining("exit code 5")
        .returns(Loss.ENDED, RunnerLostException::loss);
  }

  @Test
  void aWorkerThatSaysNothingIsEndedAndNotWaitedFor() throws Exception {
    Path script = script("exec sleep 50");
    assertThatThrownBy(
            () -> WorkerProcess.start(script, Device.PROCESSOR, watchdog, SHORT_PATIENCE))
        .isInstanceOfSatisfying(
            RunnerLostException.class, lost -> assertThat(lost.loss()).isEqualTo(Loss.HUNG))
        .hasMessageContaining("gave no reply")
        .hasMessageContaining("its start");
  }

  /** Whose output nobody reads before something is there. */
  @Test
  void aWorkerWithADeviceIsReadAsAnother() throws Exception {
    Device device = Device.Cuda.numbered(0);
    assertThatThrownBy(
            () -> WorkerProcess.start(script("exec sleep 50"), device, watchdog, SHORT_PATIENCE))
        .isInstanceOfSatisfying(
            RunnerLostException.class, lost -> assertThat(lost.loss()).isEqualTo(Loss.HUNG));
    assertThatThrownBy(
            () -> WorkerProcess.start(script("sleep 0.2; exit 5"), device, watchdog, PATIENCE))
        .isInstanceOf(RunnerLostException.class)
        .hasMessageContaining("exit code 5");
    String late =
        "sleep 0.2; printf 'hello, this is'; sleep 0.2; echo ' no reply at all'; sleep 20";
    assertThatThrownBy(() -> WorkerProcess.start(script(late), device, watchdog, PATIENCE))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("a reply that is none");
  }

  @Test
  void aProcessThatDoesNotGoIsWaitedForAMinuteAndNoMore() {
    StuckProcess stuck = new StuckProcess();
    WorkerProcess worker = new WorkerProcess(stuck, Device.PROCESSOR);
    assertThatThrownBy(worker::end)
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("does not end although it was killed")
        .hasMessageEndingWith("Process " + StuckProcess.PID);
    assertThat(stuck.waited()).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(70));
    assertThat(stuck.kills()).isPositive();
    // It has been said: nobody waits again.
    assertThatThrownBy(worker::end).isInstanceOf(EngineFailedException.class);
    worker.close();
    assertThat(stuck.waited()).isLessThanOrEqualTo(Duration.ofSeconds(70));
  }

  @Test
  void toCloseAProcessThatDoesNotGoEndsAsWell() {
    StuckProcess stuck = new StuckProcess();
    WorkerProcess worker = new WorkerProcess(stuck, Device.PROCESSOR);
    assertThatThrownBy(worker::close).isInstanceOf(EngineFailedException.class);
    assertThat(stuck.waited()).isLessThanOrEqualTo(Duration.ofSeconds(70));
  }

  /** Its output stays open: a read there would not come back. */
  @Test
  void theReplyOfAProcessThatDoesNotGoIsNotWaitedFor() {
    StuckProcess stuck = new StuckProcess();
    WorkerProcess worker = new WorkerProcess(stuck, Device.Cuda.numbered(0));
    watchdog.watch(Duration.ofMillis(50).toNanos(), worker::kill);
    assertThatThrownBy(worker::receive)
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("does not end although it was killed");
    assertThat(stuck.waited()).isLessThanOrEqualTo(Duration.ofSeconds(70));
  }

  @Test
  void anExecutableThatIsStillOpenForWritingIsTriedAgain() throws Exception {
    Path script = script("exit 5");
    OutputStream writing = Files.newOutputStream(script, StandardOpenOption.APPEND);
    CompletableFuture<Void> closing =
        CompletableFuture.runAsync(
            () -> close(writing), CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));
    assertThatThrownBy(() -> start(script))
        .isInstanceOf(RunnerLostException.class)
        .hasMessageContaining("exit code 5");
    closing.join();
  }

  @Test
  void anExecutableThatStaysOpenForWritingIsRefused() throws Exception {
    Path script = script("exit 5");
    try (OutputStream writing = Files.newOutputStream(script, StandardOpenOption.APPEND)) {
      assertThatThrownBy(() -> start(script))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("Text file busy");
    }
  }

  private static void close(OutputStream stream) {
    try {
      stream.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Signals that reach the whole group of a terminal, or that ask a JVM for its threads. */
  @Test
  void signalsThatAreMeantForTheParentDoNotEndTheWorker() throws Exception {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty());
        WorkerProcess worker = start(executable.path())) {
      for (String signal : List.of("INT", "QUIT", "HUP")) {
        Process kill =
            new ProcessBuilder("/bin/sh", "-c", "kill -" + signal + " " + worker.pid()).start();
        assertThat(kill.waitFor()).isZero();
      }
      assertThatThrownBy(() -> worker.ask(Request.ADAPTER_BYTES))
          .isInstanceOf(RunnerLostException.class) // for want of a runner
          .hasMessageContaining("exit code " + MALFORMED);
    }
  }

  /** As for want of a file descriptor or of memory: it says nothing against /proc. */
  @Test
  void memoryThatCannotBeMappedIsNoFaultOfTheSettings() {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty());
        WorkerProcess worker = start(executable.path())) {
      assertThatThrownBy(() -> worker.map(0, 4096)) // its input, which is a pipe
          .isInstanceOf(EngineFailedException.class)
          .hasMessageContaining("ulimit -n");
      assertThatThrownBy(() -> worker.map(987, 4096))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("it needs /proc");
    }
  }

  @Test
  void aReplyThatIsNoneIsRefused() throws Exception {
    Path script = script("echo 'hello, this is no reply at all'; sleep 20");
    assertThatThrownBy(() -> start(script))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("a reply that is none");
  }

  @Test
  void aWorkerThatMayNotBeExecutedIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("plain"), "not executable");
    assertThatThrownBy(() -> start(file))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.native-dir");
  }

  @Test
  void aStoppedWorkerIsForgotten() {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty())) {
      WorkerProcess worker = start(executable.path());
      worker.close();
      assertThat(Path.of("/proc/" + worker.pid())).doesNotExist();
      assertThatThrownBy(() -> worker.ask(Request.ADAPTER_BYTES, 0, 0, ByteBuffer.allocate(0)))
          .isInstanceOf(RunnerLostException.class)
          .hasMessageContaining("exit code 0");
    }
  }

  private WorkerProcess start(Path executable) {
    return WorkerProcess.start(executable, Device.PROCESSOR, watchdog, PATIENCE);
  }

  private RunnerLostException lossAfter(String command) throws IOException {
    Path script = script(command);
    try {
      start(script);
    } catch (RunnerLostException lost) {
      return lost;
    }
    throw new AssertionError("The worker is not lost");
  }

  private Path script(String command) throws IOException {
    Path script = Files.createTempFile(folder, "worker", ".sh");
    Files.writeString(script, "#!/bin/sh\n" + command + "\n");
    return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
  }

  private static byte[] head(int kind, long length) {
    return ByteBuffer.allocate(24)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0x57504c53)
        .putInt(kind)
        .putLong(0)
        .putLong(length)
        .array();
  }

  private static void expectEnd(byte[] message, String words) throws Exception {
    try (WorkerExecutable executable = WorkerExecutable.find(Optional.empty())) {
      Process process = start(executable.path(), ProcessHandle.current().pid());
      process.getOutputStream().write(message);
      process.getOutputStream().close();
      String line = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).isEqualTo(MALFORMED);
      assertThat(line).startsWith("The worker process ends: ").contains(words).hasLineCount(1);
    }
  }

  private static Process start(Path executable, long parent) throws IOException {
    return new ProcessBuilder(executable.toString(), Long.toString(parent)).start();
  }
}
