package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Is a file system of a few megabytes of memory, of which a test takes and gives back the space.
 */
final class SmallFileSystem implements AutoCloseable {
  private static final String BALLAST = "ballast";

  private final Path folder;

  private SmallFileSystem(Path folder) {
    this.folder = folder;
  }

  /**
   * Mounts one on a folder that it makes; where the user may not, the test is skipped.
   *
   * @param bytes that it holds
   */
  static SmallFileSystem mount(Path folder, long bytes) throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/bin/mount")), "skipped: this system has no mount");
    int code = run(List.of("mount", "-t", "tmpfs", "-o", "size=" + bytes, "tmpfs", "" + folder));
    Assumptions.assumeTrue(code == 0, "skipped: this user may mount no file system");
    return new SmallFileSystem(folder);
  }

  Path folder() {
    return folder;
  }

  /** Leaves so many bytes free. */
  void leave(long bytes) throws IOException {
    Path ballast = folder.resolve(BALLAST);
    Files.deleteIfExists(ballast);
    long free = Files.getFileStore(folder).getUsableSpace();
    byte[] chunk = new byte[4096];
    try (var out = Files.newOutputStream(ballast)) {
      for (long written = 0; written + chunk.length <= free - bytes; written += chunk.length) {
        out.write(chunk);
      }
    }
  }

  /** Leaves all the space that there is. */
  void leaveAll() throws IOException {
    Files.deleteIfExists(folder.resolve(BALLAST));
  }

  @Override
  public void close() throws IOException {
    try {
      run(List.of("umount", folder.toString()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("The command did not end: " + command);
    }
    return process.exitValue();
  }
}
