package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelCopyTest {
  private static final int RANGE = 10_000;
  private static final int LENGTH = 40 * RANGE + 3;
  private static final CopySettings SETTINGS = new CopySettings(RANGE, 3, Duration.ofMillis(1));

  @TempDir Path directory;
  private final byte[] content = new byte[LENGTH];
  private ModelStore store;
  private Path cache;

  @BeforeEach
  void makeContent() {
    new Random(11).nextBytes(content);
    cache = directory.resolve("cache");
    store = new ModelStore(cache, SETTINGS);
  }

  @Test
  void rangesAreReadByManyThreadsAndHashedInOrder() throws Exception {
    CyclicBarrier together = new CyclicBarrier(8);
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset < 8 * RANGE && offset % RANGE == 0) {
                await(together); // ends only where eight threads read at once
              }
            });

    LocalModel model = store.localize(source);

    assertThat(model.path()).hasBinaryContent(content);
    assertThat(model.manifest()).isEqualTo(manifest());
    assertThat(source.bytesRead).hasValue(LENGTH);
    assertThat(source.mostAtOnce).hasValue(8);
    assertThat(source.largestRead.get()).isLessThanOrEqualTo(RANGE);
    assertThat(files(model.path().getParent())).containsExactly("manifest", "tiny.gguf");
  }

  @Test
  void oneRequestIsSmallHoweverLargeARangeIs() throws Exception {
    byte[] large = new byte[9 << 20];
    RangedSource source = new RangedSource(large, offset -> {});

    new ModelStore(cache).localize(source);

    assertThat(source.largestRead.get()).isEqualTo(4 << 20);
  }

  @Test
  void anInterruptedCopyGoesOnWithWhatIsThere() throws Exception {
    long held = interrupt();
    RangedSource healthy = new RangedSource(content, offset -> {});

    LocalModel model = store.localize(healthy, manifest());

    assertThat(model.path()).hasBinaryContent(content);
    assertThat(held).isPositive();
    assertThat(healthy.bytesRead).hasValue(LENGTH - held);
  }

  @Test
  void whatDoesNotHoldWhatItClaimsIsReadAgain() throws Exception {
    long held = interrupt();
    Path file = incoming().resolve("tiny.gguf");
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(5);
      bytes.write(content[5] ^ 1); // within a range that the journal claims
    }
    RangedSource healthy = new RangedSource(content, offset -> {});

    assertThat(store.localize(healthy, manifest()).path()).hasBinaryContent(content);
    assertThat(healthy.bytesRead).hasValue(LENGTH - held + RANGE);
  }

  @Test
  void filesThatAreGoneOrCutShortAreReadAgain() throws Exception {
    interrupt();
    try (RandomAccessFile file =
        new RandomAccessFile(incoming().resolve("tiny.gguf").toFile(), "rw")) {
      file.setLength(RANGE + 1);
    }
    assertThat(store.localize(new RangedSource(content, offset -> {}), manifest()).path())
        .hasBinaryContent(content);

    CachedFiles.deleteTree(cache);
    interrupt();
    Files.delete(incoming().resolve("tiny.gguf"));
    assertThat(store.localize(new RangedSource(content, offset -> {}), manifest()).path())
        .hasBinaryContent(content);
  }

  @Test
  void aNoteThatWasCutShortCountsForNothing() throws Exception {
    interrupt();
    Path journal = incoming().resolve("copy.journal");
    // The number of range 30 with half of its CRC: cut where the process was killed.
    Files.writeString(journal, "range 30 1", StandardOpenOption.APPEND);

    assertThat(store.localize(new RangedSource(content, offset -> {}), manifest()).path())
        .hasBinaryContent(content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "spark-llama copy 1 of another in ranges of 10000\nrange 0 0\n"})
  void theJournalOfAnotherCopyCountsForNothing(String journal) throws Exception {
    interrupt();
    Files.writeString(incoming().resolve("copy.journal"), journal);
    RangedSource healthy = new RangedSource(content, offset -> {});

    assertThat(store.localize(healthy, manifest()).path()).hasBinaryContent(content);
    assertThat(healthy.bytesRead).hasValue(LENGTH);
  }

  @Test
  void aCopyOfWhatTheSourceWasBeforeIsMadeAnew() throws Exception {
    byte[] before = content.clone();
    before[5] ^= 1; // with the length and the time of what comes after
    assertThatThrownBy(() -> store.localize(new RangedSource(before, failingFrom(20)), manifest()))
        .isInstanceOf(IOException.class);
    RangedSource now = new RangedSource(content, offset -> {});

    assertThat(store.localize(now, manifest()).path()).hasBinaryContent(content);
    assertThat(now.bytesRead.get()).isGreaterThan(LENGTH);
  }

  @Test
  void aCopyOfAnOlderSourceIsNotGoneOnWith() throws Exception {
    interrupt();
    RangedSource newer = new RangedSource(content, 1, offset -> {});

    assertThat(store.localize(newer, manifest()).path()).hasBinaryContent(content);
    assertThat(newer.bytesRead).hasValue(LENGTH);
  }

  @Test
  void aTaskThatIsKilledEndsItsCopyAtOnce() throws Exception {
    Thread task = Thread.currentThread();
    RangedSource source =
        new RangedSource(
            content,
            offset -> {
              if (offset == 20 * RANGE) {
                task.interrupt();
              }
              if (offset >= 20 * RANGE) {
                throw new IOException("slow");
              }
            });
    ModelStore patient = new ModelStore(cache, new CopySettings(RANGE, 20, Duration.ofHours(1)));

    assertThatThrownBy(() -> patient.localize(source))
        .isInstanceOf(java.io.InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();
  }

  @Test
  void aProcessThatIsKilledIsGoneOnWith() throws Exception {
    Path marks = Files.createDirectory(directory.resolve("marks"));
    Path model = Files.write(directory.resolve("tiny.gguf"), content);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LocalizeInProcess.class.getName(),
                cache.toString(),
                model.toString(),
                marks.toString(),
                manifest().sha256(),
                String.valueOf(RANGE))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("killed.txt").toFile())
            .start();
    Path journal = cache.resolve(manifest().key() + ".incoming/copy.journal");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (notes(journal) < 10 && System.nanoTime() < deadline) {
      Thread.sleep(1);
    }
    process.destroyForcibly().waitFor();
    long held = notes(journal);
    assertThat(held).isBetween(10L, 40L);
    CountedSource source = new CountedSource(model, marks);
    assertThat(source.opened()).isEqualTo(1);

    // What is there is not even asked for: this source can no longer be read before its 10th range.
    ModelSource rest = new LaterPart(source, 10 * RANGE);
    assertThat(store.localize(rest, manifest()).path()).hasBinaryContent(content);
  }

  /** Offers a source's ranges from a place on, and fails before it. */
  private record LaterPart(CountedSource source, long start) implements ModelSource {
    @Override
    public String location() {
      return source.location();
    }

    @Override
    public List<Part> parts() throws IOException {
      byte[] bytes = Files.readAllBytes(source.file());
      Opener opener =
          new RangedSource(
                  bytes,
                  offset -> {
                    if (offset < start) {
                      throw new FileNotFoundException("read again from " + offset);
                    }
                  })
              .parts()
              .get(0)
              .content();
      Part part = source.parts().get(0);
      return List.of(new Part(part.name(), part.length(), part.modifiedMillis(), opener));
    }
  }

  private static long notes(Path journal) throws IOException {
    if (!Files.exists(journal)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(journal)) {
      return lines.filter(line -> line.startsWith("range ")).count();
    }
  }

  @Test
  void deliveredRangesMayComeInAnyOrder() throws Exception {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 41; i++) {
      order.add((i * 7 + 30) % 41);
    }
    Delivery delivery = new Delivery(order);

    assertThat(store.localize(delivery, manifest()).path()).hasBinaryContent(content);
    assertThat(store.localize(delivery, manifest()).path()).hasBinaryContent(content);
    assertThat(delivery.opened).isEqualTo(1);
    assertThat(delivery.closed).isEqualTo(1);
  }

  @Test
  void anInterruptedDeliveryGoesOnWithWhatIsThere() throws Exception {
    Delivery broken = new Delivery(List.of(4, 40, 0));
    assertThatThrownBy(() -> store.localize(broken, manifest()))
        .isInstanceOf(IOException.class)
        .hasMessage("the driver is gone");
    List<Integer> order = new ArrayList<>();
    for (int i = 1; i < 40; i++) {
      order.add(i);
    }
    order.remove(Integer.valueOf(4));

    Delivery rest = new Delivery(order);
    assertThat(store.localize(rest, manifest()).path()).hasBinaryContent(content);
    BitSet held = new BitSet();
    held.set(0);
    held.set(4);
    held.set(40);
    assertThat(rest.firstHeld).isEqualTo(held);
  }

  @Test
  void whatIsDeliveredButNotWantedIsRefused() {
    assertThatThrownBy(() -> store.localize(new Delivery(List.of(1, 1)), manifest()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("a part of the model was sent that nobody asked for");
    assertThatThrownBy(() -> store.localize(new Delivery(List.of(41)), manifest()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("a part of the model was sent that nobody asked for");
  }

  @Test
  void aDeliveryOfAnotherModelIsRefused() {
    byte[] other = content.clone();
    content[9] ^= 1;
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 41; i++) {
      order.add(i);
    }
    ModelManifest wanted =
        new ModelManifest(
            sha256(other), List.of(new ModelManifest.Entry("tiny.gguf", other.length)));
    assertThatThrownBy(() -> store.localize(new Delivery(order), wanted))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is no longer the one that the job started with");
  }

  /** Delivers the ranges of an order, then fails. */
  private final class Delivery implements ModelDelivery.Sender {
    private final ArrayDeque<Integer> order;
    private BitSet firstHeld;
    private int opened;
    private int closed;

    Delivery(List<Integer> order) {
      this.order = new ArrayDeque<>(order);
    }

    @Override
    public String location() {
      return "the driver";
    }

    @Override
    public int rangeBytes() {
      return RANGE;
    }

    @Override
    public ModelDelivery open() {
      opened++;
      return new ModelDelivery() {
        @Override
        public Piece next(BitSet held) throws IOException {
          firstHeld = firstHeld == null ? held : firstHeld;
          if (order.isEmpty()) {
            throw new IOException("the driver is gone");
          }
          int range = order.remove();
          int start = Math.min(range * RANGE, LENGTH);
          byte[] bytes =
              java.util.Arrays.copyOfRange(content, start, Math.min(LENGTH, start + RANGE));
          return new Piece(range, bytes);
        }

        @Override
        public void close() {
          closed++;
        }
      };
    }
  }

  /** Copies until the storage fails; returns how many bytes were noted. */
  private long interrupt() throws IOException {
    RangedSource failing = new RangedSource(content, failingFrom(20));
    assertThatThrownBy(() -> store.localize(failing, manifest())).isInstanceOf(IOException.class);
    return (long) RANGE * notes(incoming().resolve("copy.journal"));
  }

  private static RangedSource.Trouble failingFrom(int range) {
    return offset -> {
      if (offset >= (long) range * RANGE) {
        throw new IOException("the network is gone");
      }
    };
  }

  private Path incoming() throws IOException {
    try (Stream<Path> list = Files.list(cache)) {
      return list.filter(path -> path.toString().endsWith(".incoming")).findFirst().orElseThrow();
    }
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      return list.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static void await(CyclicBarrier barrier) throws IOException {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IOException(e);
    }
  }

  private ModelManifest manifest() {
    return new ModelManifest(
        sha256(content), List.of(new ModelManifest.Entry("tiny.gguf", content.length)));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
