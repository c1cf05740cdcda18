package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RunLockTest {
  private static final LockTimes QUICK =
      new LockTimes(Duration.ofMillis(100), Duration.ofSeconds(2), Duration.ofMillis(300));
  private static final LockTimes NEVER_RENEWED =
      new LockTimes(Duration.ofHours(1), Duration.ofSeconds(2), Duration.ofMillis(300));

  @TempDir Path folder;

  private OutputFolder output;
  private Path file;

  @BeforeEach
  void prepare() throws Exception {
    output = OutputFolder.of(FileSink.parquet(folder.resolve("out")), LocalSpark.session());
    file = folder.resolve("out/_sparkllama/lock");
  }

  private RunLock acquire(String application, LockTimes times) throws IOException {
    return RunLock.acquire(output, application, times, new StopRequest());
  }

  @Test
  void aHolderThatLivesIsNamed() throws Exception {
    try (RunLock held = acquire("app-1", QUICK)) {
      assertThatThrownBy(() -> acquire("app-2", QUICK))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("Another run writes to the same output")
          .hasMessageContaining("application app-1 of ")
          .hasMessageContaining("process " + ProcessHandle.current().pid());
      held.check();
      assertThat(held.isLost()).isFalse();
    }
    assertThat(file).doesNotExist();
    acquire("app-2", QUICK).close();
  }

  @Test
  void anOutputThatNeverBeganLeavesNothingOfItsOwn() throws Exception {
    acquire("app-1", QUICK).close();
    assertThat(folder.resolve("out")).doesNotExist();
    Files.createDirectory(folder.resolve("out")); // a user's own, with rights perhaps
    acquire("app-1", QUICK).close();
    assertThat(folder.resolve("out")).isEmptyDirectory();
    try (RunLock held = acquire("app-1", QUICK)) {
      Files.writeString(file.resolveSibling("kept"), "");
      held.check();
    }
    assertThat(file.resolveSibling("kept")).exists();
  }

  @Test
  void aHolderThatStandsStillLosesTheLock() throws Exception {
    RunLock still = acquire("app-1", NEVER_RENEWED);
    try (RunLock taken = acquire("app-2", QUICK)) {
      assertThat(still.isLost()).isTrue();
      assertThatThrownBy(still::check)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("could not be renewed")
          .hasMessageContaining(file.toString());
      still.close(); // and leaves the lock to who has it
      taken.check();
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void aHolderNoticesByItselfThatItWasReplaced() throws Exception {
    RunLock held = acquire("app-1", QUICK);
    LockHolder other = new LockHolder("x", "app-2", "elsewhere", "someone", 7, "another boot", "1");
    Files.write(file, new LockState(other, 3).json());
    while (!held.isLost()) {
      Thread.sleep(20);
    }
    assertThatThrownBy(held::check).hasMessageContaining("app-2 of someone, process 7 on host");
    held.close();
    assertThat(LockState.parse(Files.readAllBytes(file))).contains(new LockState(other, 3));
  }

  @Test
  void aRenewalThatIsHeldUpLosesTheLock() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    RunLock held = acquire("app-1", QUICK);
    // Nobody writes to the pipe, so that who reads it waits for ever.
    Files.move(pipe, file, StandardCopyOption.ATOMIC_MOVE);
    while (!held.isLost()) {
      Thread.sleep(20);
    }
    assertThatThrownBy(held::check).hasMessageContaining("could not be renewed");
    held.close();
  }

  /** As a storage leaves it that writes a file in place, when a renewal fails. */
  @Test
  void aLockThatSaysNothingIsWrittenAgain() throws Exception {
    try (RunLock held = acquire("app-1", QUICK)) {
      Files.writeString(file, "");
      held.check();
      while (LockState.parse(Files.readAllBytes(file)).isEmpty()) {
        Thread.sleep(20);
      }
      held.check();
    }
    assertThat(file).doesNotExist();
    try (RunLock held = acquire("app-1", NEVER_RENEWED)) {
      Files.delete(file);
      assertThatThrownBy(held::check).hasMessageContaining("the lock is gone");
    }
  }

  @Test
  void aDeadProcessOfThisMachineIsNotWaitedFor() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    LockHolder here = LockHolder.here("app-1");
    LockHolder gone =
        new LockHolder(
            "x",
            "app-0",
            here.host(),
            here.user(),
            dead.pid(),
            here.machine(),
            here.processStart());
    // The number of a dead process may be another one's by now: then it has begun at another time.
    LockHolder reused =
        new LockHolder("y", "app-0", here.host(), here.user(), here.pid(), here.machine(), "1");
    LockTimes patient =
        new LockTimes(Duration.ofMillis(100), Duration.ofHours(1), Duration.ofMillis(10));
    for (LockHolder holder : List.of(gone, reused)) {
      Files.createDirectories(file.getParent());
      Files.write(file, new LockState(holder, 3).json());
      acquire("app-1", patient).close();
    }
    assertThat(here.isDead()).isFalse();
    // A system may hide the processes of other users.
    LockHolder hidden =
        new LockHolder(
            "z", "app-0", here.host(), "another", dead.pid(), here.machine(), here.processStart());
    assertThat(gone.isDead()).isTrue();
    assertThat(hidden.isDead()).isFalse();
  }

  @Test
  void whoWaitsForALockHearsThatItIsToStop() throws Exception {
    LockHolder other = new LockHolder("x", "app-1", "elsewhere", "someone", 7, "another boot", "1");
    Files.createDirectories(file.getParent());
    Files.write(file, new LockState(other, 3).json());
    LockTimes patient =
        new LockTimes(Duration.ofMillis(100), Duration.ofHours(1), Duration.ofMillis(10));
    StopRequest stop = new StopRequest();
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Future<RunLock> waiting = thread.submit(() -> RunLock.acquire(output, "app-2", patient, stop));
    Thread.sleep(300); // it has looked at the lock, or will; either way it must hear
    stop.stop("SIGTERM");
    assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS))
        .hasCauseInstanceOf(RunStoppedException.class)
        .hasMessageContaining("SIGTERM");
    thread.shutdown();
    assertThat(LockState.parse(Files.readAllBytes(file))).contains(new LockState(other, 3));
  }

  /** Containers may share a host's name, and each has a process of the same number. */
  @Test
  void aProcessOfAnotherMachineIsWaitedFor() {
    LockHolder here = LockHolder.here("app-1");
    assertThat(
            new LockHolder("x", "app-0", here.host(), here.user(), 1 << 30, "another boot", "1")
                .isDead())
        .isFalse();
    assertThat(new LockHolder("x", "app-0", here.host(), here.user(), 1 << 30, "", "").isDead())
        .isFalse();
  }

  @Test
  void aFileThatSaysNothingIsTakenOverInTheEnd() throws Exception {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "{");
    acquire("app-1", QUICK).close();
    assertThat(file).doesNotExist();
  }

  @Test
  void oneOfManyGetsIt() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    List<Callable<RunLock>> runs = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      String name = "app-" + i;
      runs.add(() -> acquire(name, QUICK));
    }
    List<RunLock> held = new ArrayList<>();
    for (Future<RunLock> run : threads.invokeAll(runs)) {
      try {
        held.add(run.get());
      } catch (java.util.concurrent.ExecutionException refused) {
        assertThat(refused).hasMessageContaining("Another run writes to the same output");
      }
    }
    threads.shutdown();
    assertThat(held).hasSize(1);
    held.get(0).check();
    held.get(0).close();
  }
}
