package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CacheLockTest {
  @TempDir Path directory;

  private String seenByAnotherProcess(Path file) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                TryLockInProcess.class.getName(),
                file.toString())
            .redirectError(directory.resolve("errors").toFile())
            .start();
    try (BufferedReader out = process.inputReader()) {
      return out.readLine();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @EnumSource(CacheLock.Mode.class)
  void aLockIsStillHeldAfterItsProcessTriedToTakeItAgain(CacheLock.Mode mode) throws Exception {
    Path file = directory.resolve("lock");
    Path sameFile = Files.createSymbolicLink(directory.resolve("link"), directory).resolve("lock");
    try (CacheLock held = CacheLock.acquire(file, mode, Duration.ZERO)) {
      assertThat(CacheLock.tryAcquire(file, CacheLock.Mode.EXCLUSIVE)).isEmpty();
      assertThat(CacheLock.tryAcquire(sameFile, CacheLock.Mode.SHARED)).isEmpty();
      assertThatThrownBy(() -> CacheLock.acquire(file, mode, Duration.ZERO))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("another process has held the lock");
      assertThat(seenByAnotherProcess(file)).isEqualTo("held");
    }
    assertThat(seenByAnotherProcess(file)).isEqualTo("free");
    CacheLock.acquire(file, mode, Duration.ZERO).close();
  }

  @Test
  void aUseIsStillMarkedAfterItsProcessLookedForUses() throws Exception {
    try (CacheUse use = CacheUse.begin(directory, "model")) {
      assertThat(CacheUse.isGoingOn(directory, "model")).isTrue();
      Path mark;
      try (var marks = Files.list(directory.resolve("uses").resolve("model"))) {
        mark = marks.findFirst().orElseThrow();
      }
      assertThat(seenByAnotherProcess(mark)).isEqualTo("held");
    }
    assertThat(CacheUse.isGoingOn(directory, "model")).isFalse();
  }

  @Test
  void aMarkThatIsGoneIsNotMadeAnewByWhoLooksForUses() throws IOException {
    Path mark = directory.resolve("mark");
    assertThat(CacheLock.isHeld(mark)).isFalse();
    assertThat(mark).doesNotExist();
  }
}
