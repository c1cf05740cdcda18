package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fills a small disk, and takes away the right to write to it; skipped where none may mount. */
class FullDiskTest {
  private static final int DISK_BYTES = 4 << 20;

  @TempDir Path directory;
  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(directory.resolve("disk"));
    mounted = run("mount", "-t", "tmpfs", "-o", "size=" + DISK_BYTES, "tmpfs", disk.toString());
    Assumptions.assumeTrue(mounted, "skipped: this user may not mount a disk");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      run("umount", "--lazy", disk.toString());
    }
  }

  @Test
  void aDiskThatFillsWhileTheModelIsCopiedIsASentenceAndIsGivenBack() throws Exception {
    Path filler = disk.resolve("filler");
    RangedSource source =
        new RangedSource(
            new byte[2 << 20],
            offset -> {
              if (offset == 0) { // after the look at the disk: someone else takes the room
                Files.write(filler, new byte[3 << 20]);
              }
            });
    ModelStore store = new ModelStore(disk.resolve("cache"));

    assertThatThrownBy(() -> store.localize(source))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the cache directory cannot be written to; make room there")
        .hasMessageContaining("No space left on device");
    try (Stream<Path> left = Files.list(disk.resolve("cache"))) {
      assertThat(left.filter(path -> path.toString().endsWith(".incoming"))).isEmpty();
    }

    Files.delete(filler);
    assertThat(store.localize(new RangedSource(new byte[2 << 20], offset -> {})).path())
        .hasSize(2 << 20);
  }

  /**
   * The packed file has a disk of its own here, of which the look at the cache's disk knows
   * nothing: as where someone else takes the room after the look.
   */
  @Test
  void aDiskThatFillsWhileTheModelIsPackedIsASentenceAndIsGivenBack() throws Exception {
    Path model = Path.of(System.getProperty("sparkllama.basedir"), "models/tickets-6m.Q8_0.gguf");
    assertThat(Files.size(model)).isGreaterThan(DISK_BYTES);
    Path cache = Files.createDirectory(directory.resolve("cache"));
    Files.createSymbolicLink(cache.resolve("packed"), disk);
    long free = Files.getFileStore(disk).getUsableSpace();

    assertThatThrownBy(() -> PackedModelTest.open(cache, model))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the cache directory cannot be written to; make room there")
        .hasMessageContaining("No space left on device")
        .hasMessageContaining(cache.toString());
    assertThat(files(disk)).isEmpty();
    assertThat(Files.getFileStore(disk).getUsableSpace()).isCloseTo(free, within(64L << 10));

    assertThat(run("mount", "-o", "remount,size=" + 4 * DISK_BYTES, disk.toString())).isTrue();
    try (PackedModel packed = PackedModelTest.open(cache, model)) {
      packed.compared().join();
      assertThat(files(disk)).containsExactly(packed.file().toRealPath());
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  @Test
  void theModelThatWasNotUsedForLongestGivesItsRoom() throws Exception {
    Path cache = disk.resolve("cache");
    List<LocalModel> models = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      byte[] content = new byte[(1 << 20) + i]; // known by its length
      models.add(new ModelStore(cache).localize(new RangedSource(content, offset -> {})));
    }
    for (int i = 0; i < 3; i++) {
      Files.setLastModifiedTime(
          cache.resolve("uses").resolve(models.get(i).manifest().key()),
          FileTime.from(Instant.now().minus(Duration.ofHours(new int[] {3, 5, 0}[i]))));
    }

    new ModelStore(cache).localize(new RangedSource(new byte[3 << 19], offset -> {}));

    assertThat(models.get(1).path()).doesNotExist();
    assertThat(models.get(0).path()).exists(); // one was enough
    assertThat(models.get(2).path()).exists();
  }

  @Test
  void aDiskThatCannotBeWrittenToIsASentence() throws Exception {
    Path cache = disk.resolve("cache");
    RangedSource source = new RangedSource(new byte[1000], offset -> {});
    new ModelStore(cache);
    assertThat(run("mount", "-o", "remount,ro", disk.toString())).isTrue();

    assertThatThrownBy(() -> new ModelStore(cache).localize(source))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the cache directory cannot be written to")
        .hasMessageContaining("Read-only file system");
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return false; // no such program here
    }
    return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
  }
}
