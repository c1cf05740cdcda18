package io.sparkllama.job.durable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/**
 * Makes a run's next look at its lock last until it is let go: then it sees what was there before,
 * as a run does that is held up after its look.
 */
final class StaleLook {
  private final Path lock;
  private final Path pipe;
  private byte[] before;

  StaleLook(Path lock) {
    this.lock = lock;
    this.pipe = lock.resolveSibling("pipe");
  }

  /** Puts a pipe in the lock's place, which who reads it waits for. */
  void begin() {
    try {
      before = Files.readAllBytes(lock);
      if (new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() != 0) {
        throw new IOException("There are no named pipes here: " + pipe);
      }
      Path link = Files.createLink(lock.resolveSibling("link"), pipe);
      Files.move(link, lock, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | InterruptedException failed) {
      throw new IllegalStateException(failed);
    }
  }

  /** Waits until the run looks, and gives the lock back to all others. */
  void awaitLook() throws Exception {
    while (Thread.getAllStackTraces().values().stream().noneMatch(StaleLook::looks)) {
      Thread.sleep(20);
    }
    Thread.sleep(200); // between the call and the kernel's wait
    Path kept = Files.write(lock.resolveSibling("kept"), before);
    Files.move(kept, lock, StandardCopyOption.ATOMIC_MOVE);
  }

  private static boolean looks(StackTraceElement[] frames) {
    return Arrays.stream(frames).anyMatch(StaleLook::isCheck)
        && Arrays.stream(frames).anyMatch(StaleLook::isRead);
  }

  private static boolean isCheck(StackTraceElement frame) {
    return frame.getClassName().equals(RunLock.class.getName())
        && frame.getMethodName().equals("check");
  }

  private static boolean isRead(StackTraceElement frame) {
    return frame.getClassName().equals(LockFile.class.getName())
        && frame.getMethodName().equals("read");
  }

  /** Shows the run what was there before. */
  void end() throws IOException {
    Files.write(pipe, before);
    Files.delete(pipe);
  }
}
