package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CacheSweepTest {
  private static final Instant NOW = Instant.now();
  private static final long NOTHING = 0;

  @TempDir Path directory;
  private Path cache;

  @BeforeEach
  void makeCache() throws IOException {
    cache = Files.createDirectories(directory.resolve("cache"));
    Files.createDirectories(cache.resolve("locks"));
  }

  /** Copies a model of some bytes into the cache, and says when it was used last. */
  private LocalModel model(String text, Duration unused) throws IOException {
    Path file = Files.writeString(directory.resolve(text + ".gguf"), text);
    LocalModel model = new ModelStore(cache).localize(new LocalModelSource(file));
    age(cache.resolve("uses").resolve(model.manifest().key()), unused);
    return model;
  }

  private static void age(Path path, Duration unused) throws IOException {
    Files.setLastModifiedTime(path, FileTime.from(NOW.minus(unused)));
  }

  private void sweep(long bytes) throws IOException {
    new CacheSweep(cache, NOW).makeRoom(bytes, "");
  }

  @Test
  void whatWasNotUsedForLongIsRemovedAndTheRestStays() throws Exception {
    LocalModel old = model("old", Duration.ofDays(36));
    LocalModel young = model("young", Duration.ofDays(34));
    sweep(NOTHING);

    assertThat(old.path().getParent()).doesNotExist();
    assertThat(young.path()).hasContent("young");
    assertThat(model("old", Duration.ZERO).path()).hasContent("old"); // and may come again
  }

  @Test
  void aModelThatIsTakenAgainIsUsed() throws Exception {
    LocalModel old = model("old", Duration.ofDays(36));
    new ModelStore(cache)
        .localize(new LocalModelSource(directory.resolve("old.gguf")), old.manifest());
    sweep(NOTHING);

    assertThat(old.path()).hasContent("old");
  }

  @Test
  void aModelThatAnEngineOfThisProcessUsesStays() throws Exception {
    LocalModel used = model("used", Duration.ZERO);
    PackedPlace place = PackedPlace.beside(used);
    try (CacheUse one = place.use(new PackedKey("one"));
        CacheUse another = place.use(new PackedKey("another"))) {
      age(cache.resolve("uses").resolve(used.manifest().key()), Duration.ofDays(99));
      sweep(NOTHING);
      assertThat(used.path()).exists();
    }
    sweep(NOTHING); // ending a use is using it
    assertThat(used.path()).exists();
    age(cache.resolve("uses").resolve(used.manifest().key()), Duration.ofDays(99));
    sweep(NOTHING);
    assertThat(used.path()).doesNotExist();
  }

  @Test
  void aModelThatAnotherProcessUsesStaysUntilThatDies() throws Exception {
    LocalModel used = model("used", Duration.ZERO);
    String key = used.manifest().key();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                HoldUseInProcess.class.getName(),
                cache.toString(),
                key)
            .redirectError(directory.resolve("errors").toFile())
            .start();
    try (BufferedReader out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("using");
      age(cache.resolve("uses").resolve(key), Duration.ofDays(99));
      sweep(NOTHING);
      assertThat(used.path()).exists();
    } finally {
      process.destroyForcibly().waitFor();
    }
    age(cache.resolve("uses").resolve(key), Duration.ofDays(99));
    sweep(NOTHING);
    assertThat(used.path()).doesNotExist();
  }

  @Test
  void aModelThatIsCopiedVerifiedOrPackedStays() throws Exception {
    LocalModel old = model("old", Duration.ofDays(99));
    String key = old.manifest().key();
    for (Path lock :
        List.of(cache.resolve("locks").resolve(key), PackedPlace.lockFile(cache, key))) {
      try (CacheLock held = CacheLock.acquire(lock, CacheLock.Mode.EXCLUSIVE, Duration.ZERO)) {
        sweep(NOTHING);
        assertThat(old.path()).exists();
      }
    }
  }

  @Test
  void packedWeightsOfModelsElsewhereAndInterruptedCopiesAreRemovedToo() throws Exception {
    Path packed = Files.createDirectories(cache.resolve("packed").resolve("ab".repeat(32)));
    Files.writeString(packed.resolve("cpu-x.packed"), "weights");
    Path incoming = Files.createDirectories(cache.resolve("cd".repeat(32) + ".incoming"));
    Path other = Files.createDirectories(cache.resolve("of-the-user"));
    for (Path path : List.of(packed, incoming, other)) {
      age(path, Duration.ofDays(99));
    }
    sweep(NOTHING);

    assertThat(packed).doesNotExist();
    assertThat(incoming).doesNotExist();
    assertThat(other).exists();
  }

  @Test
  void whereThereIsNoRoomAtAllNothingIsLostForIt() throws Exception {
    LocalModel model = model("model", Duration.ofDays(3));
    sweep(Long.MAX_VALUE / 2);

    assertThat(model.path()).exists();
  }

  @Test
  void whereWhatIsUsedWouldBeMissingNothingIsLostForIt() throws Exception {
    LocalModel used = model("used", Duration.ofDays(4));
    LocalModel free = model("free", Duration.ofDays(3));
    long most = 1L << 40;
    try (CacheUse use = CacheUse.of(used);
        RandomAccessFile sparse =
            new RandomAccessFile(used.path().resolveSibling("large").toFile(), "rw")) {
      sparse.setLength(most);
      age(cache.resolve("uses").resolve(used.manifest().key()), Duration.ofDays(4));
      sweep(Files.getFileStore(cache).getUsableSpace() + most / 2);
    }
    assertThat(free.path()).exists();
  }

  @Test
  void roomIsMadeOfWhatIsFree() throws Exception {
    LocalModel free = model("free", Duration.ofDays(3));
    LocalModel own = model("own", Duration.ofDays(4));
    long most = 1L << 40;
    try (RandomAccessFile sparse =
        new RandomAccessFile(free.path().resolveSibling("large").toFile(), "rw")) {
      sparse.setLength(most);
    }
    age(cache.resolve("uses").resolve(free.manifest().key()), Duration.ofDays(3));
    new CacheSweep(cache, NOW)
        .makeRoom(Files.getFileStore(cache).getUsableSpace() + most / 2, own.manifest().key());

    assertThat(free.path()).doesNotExist();
    assertThat(own.path()).exists();
  }

  @Test
  void aModelThatIsUsedAfterItWasListedStays() throws Exception {
    LocalModel old = model("old", Duration.ofDays(99));
    CachedModel listed = CachedModel.of(cache).get(0);
    CacheUse.touch(cache, old.manifest().key());

    assertThat(listed.remove()).isFalse();
    assertThat(CachedModel.of(cache).get(0).remove()).isTrue();
    assertThat(old.path()).doesNotExist();
  }

  @Test
  void aModelThatCannotBeLookedAtStaysAndTheOthersAreSwept() throws Exception {
    LocalModel broken = model("broken", Duration.ofDays(99));
    Path lock = cache.resolve("locks").resolve(broken.manifest().key());
    Files.deleteIfExists(lock);
    Files.createDirectory(lock); // no file that could be locked
    LocalModel old = model("old", Duration.ofDays(98)); // sweeps already, when it comes
    sweep(NOTHING);

    assertThat(broken.path()).exists();
    assertThat(old.path()).doesNotExist();
  }

  @Test
  void aCacheIsListedWhileFoldersComeAndGo() throws Exception {
    Path one = Files.createDirectories(cache.resolve("ab".repeat(32) + ".incoming"));
    Path other = cache.resolve("ab".repeat(32));
    for (int i = 0; i < 50; i++) {
      Files.createDirectories(one.resolve("folder" + i));
    }
    AtomicBoolean done = new AtomicBoolean();
    Thread renaming =
        new Thread(
            () -> {
              while (!done.get()) {
                assertThat(one.toFile().renameTo(other.toFile())).isTrue();
                assertThat(other.toFile().renameTo(one.toFile())).isTrue();
              }
            });
    renaming.start();
    try {
      for (int i = 0; i < 500; i++) {
        assertThat(CachedModel.of(cache)).hasSizeLessThanOrEqualTo(2);
      }
    } finally {
      done.set(true);
      renaming.join();
    }
    assertThat(CachedModel.of(cache)).hasSize(1);
  }

  @Test
  void aFullCacheListsWhatItHolds() throws Exception {
    model("a", Duration.ofDays(2));
    model("bb", Duration.ofDays(3));

    assertThat(CachedModel.of(cache).stream().map(CachedModel::lastUse)).isSorted();
    try (Stream<Path> files = Files.walk(cache.resolve(CachedModel.of(cache).get(0).name()))) {
      assertThat(CachedModel.of(cache).get(0).bytes())
          .isEqualTo(files.filter(Files::isRegularFile).mapToLong(p -> p.toFile().length()).sum());
    }
  }
}
