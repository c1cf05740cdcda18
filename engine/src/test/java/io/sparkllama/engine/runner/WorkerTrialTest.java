package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Isolation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Properties;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tries workers on machines that let none run. */
@Timeout(60)
class WorkerTrialTest {
  @TempDir Path folder;

  @Test
  void aWorkerThatRunsLeavesNoProcessAndNoFile() {
    long before = ProcessHandle.current().children().count();
    WorkerTrial.run(EngineOptions.defaults().withNativeDirectory(folder));
    assertThat(ProcessHandle.current().children().count()).isEqualTo(before);
    assertThat(folder.toFile().list()).isEmpty();
  }

  @Test
  void aWorkerThatEndsAtOnceIsRefusedInItsOwnWords() throws IOException {
    worker("echo 'The worker process failed: no memory to share' >&2; exit 1");
    assertThatThrownBy(() -> WorkerTrial.run(inFolder()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("set engine.isolation to none")
        .hasMessageEndingWith(
            "exit code 1, at its start, where it said: The worker process failed: no memory to"
                + " share");
    WorkerTrial.run(inFolder().withIsolation(Isolation.NONE)); // needs none
  }

  /** Says what it is, and has no memory at the descriptor that it names: as where /proc is shut. */
  @Test
  void aWorkerWhoseMemoryCannotBeReachedIsRefused() throws IOException {
    byte[] build = buildId().getBytes(StandardCharsets.UTF_8);
    Files.write(
        folder.resolve("hello"),
        ByteBuffer.allocate(24 + build.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0x57504c53)
            .putInt(0)
            .putLong(987)
            .putLong(build.length)
            .put(build)
            .array());
    worker("cat " + folder.resolve("hello") + "; exec sleep 50");
    assertThatThrownBy(() -> WorkerTrial.run(inFolder()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("it needs /proc")
        .hasMessageContaining("set engine.isolation to none")
        .hasMessageContaining("/fd/987");
  }

  private static String buildId() throws IOException {
    String platform = "linux-" + System.getProperty("os.arch").replace("amd64", "x86_64");
    Properties built = new Properties();
    try (InputStream in =
        WorkerTrial.class.getResourceAsStream(
            "/io/sparkllama/engine/native/" + platform + "/native.properties")) {
      built.load(in);
    }
    return built.getProperty("build-id");
  }

  /** Not for want of anything: another try may do. */
  @Test
  void aWorkerThatIsKilledIsNoFaultOfTheSettings() throws IOException {
    worker("kill -KILL $$");
    assertThatThrownBy(() -> WorkerTrial.run(inFolder()))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("signal 9");
  }

  @Test
  void aWorkerThatCannotBeStartedIsRefused() throws IOException {
    Files.writeString(folder.resolve("sparkllama-worker"), "not executable");
    assertThatThrownBy(() -> WorkerTrial.run(inFolder()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.native-dir")
        .hasMessageContaining("set engine.isolation to none")
        .hasMessageContaining(folder.toString());
  }

  @Test
  void aFolderThatForbidsExecutionIsRefused() throws Exception {
    Path mounted = Files.createDirectories(folder.resolve("noexec"));
    Assumptions.assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "noexec,size=16m", "tmpfs", mounted.toString()) == 0,
        "skipped: this user may mount no file system");
    try {
      EngineOptions options = EngineOptions.defaults().withNativeDirectory(mounted);
      assertThatThrownBy(() -> WorkerTrial.run(options))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("noexec")
          .hasMessageContaining("engine.native-dir")
          .hasMessageContaining(mounted.toString());
      assertThat(mounted.toFile().list()).isEmpty();
    } finally {
      assertThat(run("umount", "-l", mounted.toString())).isZero(); // whoever looks at it
    }
  }

  private EngineOptions inFolder() {
    return EngineOptions.defaults().withNativeDirectory(folder);
  }

  private void worker(String command) throws IOException {
    Path worker = Files.writeString(folder.resolve("sparkllama-worker"), "#!/bin/sh\n" + command);
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/bin/mount")), "skipped: this system has no mount");
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
