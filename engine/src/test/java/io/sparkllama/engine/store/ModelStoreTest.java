package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelStoreTest {
  @TempDir Path directory;
  private Path cache;
  private Path model;
  private Path marks;
  private CountedSource source;
  private byte[] content;

  @BeforeEach
  void makeModel() throws IOException {
    cache = directory.resolve("cache");
    model = directory.resolve("tiny.gguf");
    marks = Files.createDirectory(directory.resolve("marks"));
    content = new byte[300_001];
    new Random(7).nextBytes(content);
    Files.write(model, content);
    source = new CountedSource(model, marks);
  }

  @Test
  void copiesOnceAndKnowsTheSourceAgain() throws Exception {
    LocalModel first = new ModelStore(cache).localize(source);
    LocalModel second = new ModelStore(cache).localize(source);

    assertThat(first.path()).hasBinaryContent(content).hasFileName("tiny.gguf");
    assertThat(first.path().startsWith(cache)).isTrue();
    assertThat(first.manifest().sha256()).isEqualTo(sha256(content));
    assertThat(first.manifest().length()).isEqualTo(content.length);
    assertThat(second).isEqualTo(first);
    assertThat(source.opened()).isEqualTo(1);
  }

  @Test
  void anExecutorTakesTheDriversCopyWithoutTheSource() throws Exception {
    LocalModel driver = new ModelStore(cache).localize(source);
    Files.delete(model);

    assertThat(new ModelStore(cache).localize(source, driver.manifest())).isEqualTo(driver);
  }

  @Test
  void threadsThatAskAtOnceMakeOneCopy() throws Exception {
    ModelManifest manifest = manifest(content);
    List<Callable<LocalModel>> calls = new ArrayList<>();
    ModelStore shared = new ModelStore(cache);
    for (int i = 0; i < 4; i++) {
      calls.add(() -> shared.localize(source, manifest));
      calls.add(() -> new ModelStore(cache).localize(source, manifest));
    }
    ExecutorService pool = Executors.newFixedThreadPool(calls.size());
    try {
      for (Future<LocalModel> call : pool.invokeAll(calls, 60, TimeUnit.SECONDS)) {
        assertThat(call.get().path()).hasBinaryContent(content);
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(source.opened()).isEqualTo(1);
    assertThat(copies()).hasSize(1);
  }

  @Test
  void processesThatAskAtOnceMakeOneCopy() throws Exception {
    List<Process> processes = new ArrayList<>();
    List<Path> outputs = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Path output = directory.resolve("process" + i + ".txt");
      outputs.add(output);
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  LocalizeInProcess.class.getName(),
                  cache.toString(),
                  model.toString(),
                  marks.toString(),
                  sha256(content),
                  "32768")
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start());
    }
    try {
      for (int i = 0; i < processes.size(); i++) {
        assertThat(processes.get(i).waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(processes.get(i).exitValue()).as(Files.readString(outputs.get(i))).isZero();
      }
    } finally {
      processes.forEach(Process::destroyForcibly);
    }
    assertThat(source.opened()).isEqualTo(1);
    assertThat(copies()).hasSize(1);
  }

  @Test
  void aProcessKilledWhileCopyingLeavesNothingThatCountsAsWhole() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LocalizeInProcess.class.getName(),
                cache.toString(),
                model.toString(),
                marks.toString(),
                sha256(content),
                "8192")
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("killed.txt").toFile())
            .start();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (source.opened() == 0 && System.nanoTime() < deadline) {
      Thread.sleep(1);
    }
    process.destroyForcibly().waitFor();
    assertThat(copies()).isEmpty();

    LocalModel copy = new ModelStore(cache).localize(source, manifest(content));

    assertThat(copy.path()).hasBinaryContent(content);
    assertThat(incoming()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 8191, 150_000, 300_000})
  void aSourceThatFailsPartWayLeavesNothingThatCountsAsWhole(int bytes) throws Exception {
    ModelSource failing = withContent(() -> failingAfter(bytes));
    ModelStore hasty = new ModelStore(cache, new CopySettings(8192, 3, Duration.ofMillis(1)));

    assertThatThrownBy(() -> hasty.localize(failing, manifest(content)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the model could not be read from its storage")
        .hasMessageContaining("tried 3 times")
        .hasMessageContaining("tiny.gguf")
        .hasMessageContaining("the network is gone");
    assertThat(copies()).isEmpty();
    assertThat(new ModelStore(cache).localize(source, manifest(content)).path())
        .hasBinaryContent(content);
    assertThat(incoming()).isEmpty();
  }

  @Test
  void aDamagedCopyIsMadeAnew() throws Exception {
    LocalModel copy = new ModelStore(cache).localize(source);
    copy.path().toFile().setWritable(true);
    try (RandomAccessFile file = new RandomAccessFile(copy.path().toFile(), "rw")) {
      file.seek(123_456);
      file.write(content[123_456] ^ 1);
    }
    assertThat(new ModelStore(cache).localize(source, copy.manifest()).path())
        .hasBinaryContent(content);
    assertThat(source.opened()).isEqualTo(2);
  }

  @Test
  void aCopyThatWasCutShortIsMadeAnew() throws Exception {
    LocalModel copy = new ModelStore(cache).localize(source);
    copy.path().toFile().setWritable(true);
    try (RandomAccessFile file = new RandomAccessFile(copy.path().toFile(), "rw")) {
      file.setLength(content.length - 1);
    }
    assertThat(new ModelStore(cache).localize(source).path()).hasBinaryContent(content);
    assertThat(source.opened()).isEqualTo(2);
  }

  @Test
  void aCopyWhoseManifestWasCutShortIsMadeAnew() throws Exception {
    LocalModel copy = new ModelStore(cache).localize(source);
    Path manifest = copy.path().resolveSibling("manifest");
    Files.writeString(manifest, Files.readString(manifest).substring(0, 40));

    assertThat(new ModelStore(cache).localize(source, copy.manifest())).isEqualTo(copy);
    assertThat(source.opened()).isEqualTo(2);
  }

  @Test
  void aCutIndexCountsAsNone() throws Exception {
    LocalModel copy = new ModelStore(cache).localize(source);
    try (Stream<Path> list = Files.list(cache.resolve("sources"))) {
      for (Path index : list.toList()) {
        Files.writeString(index, "spark-llama model 1\nsha256 ");
      }
    }
    assertThat(new ModelStore(cache).localize(source)).isEqualTo(copy);
  }

  @Test
  void aChangedSourceIsReadAnewByTheDriver() throws Exception {
    new ModelStore(cache).localize(source);
    content[5] ^= 1;
    Files.write(model, content);
    Files.setLastModifiedTime(model, FileTime.fromMillis(1_000_000));

    assertThat(new ModelStore(cache).localize(source).path()).hasBinaryContent(content);
    assertThat(copies()).hasSize(2);
  }

  @Test
  void aSourceThatChangedSinceTheDriverSawItIsRefused() throws Exception {
    ModelManifest seen = manifest(content);
    content[5] ^= 1;
    Files.write(model, content);

    assertThatThrownBy(() -> new ModelStore(cache).localize(source, seen))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is no longer the one that the job started with");
    Files.write(model, new byte[10]);
    assertThatThrownBy(() -> new ModelStore(cache).localize(source, seen))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is no longer the one that the job started with");
    assertThat(copies()).isEmpty();
    assertThat(incoming()).isEmpty();
  }

  @Test
  void aModelThatIsReplacedByOneOfTheSameLengthWhileItIsCopiedIsRefused() throws Exception {
    FileTime before = Files.getLastModifiedTime(model);
    ModelSource replaced =
        withContent(
            () -> {
              InputStream in = Files.newInputStream(model);
              Files.setLastModifiedTime(
                  model, FileTime.from(before.toInstant().plus(Duration.ofSeconds(3))));
              return in;
            });
    assertThatThrownBy(() -> new ModelStore(cache).localize(replaced))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is no longer the one that the job started with");
    assertThat(copies()).isEmpty();
    try (Stream<Path> known = Files.list(cache.resolve("sources"))) {
      assertThat(known).isEmpty();
    }
  }

  @Test
  void aSourceThatGrowsOrShrinksWhileCopiedIsRefused() {
    byte[] longer = new byte[content.length + 1];
    byte[] shorter = new byte[content.length - 1];
    for (byte[] changed : List.of(longer, shorter)) {
      ModelSource changing = withContent(() -> new java.io.ByteArrayInputStream(changed));
      assertThatThrownBy(() -> new ModelStore(cache).localize(changing))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageStartingWith("the model's length changed while it was copied");
    }
  }

  @Test
  void theSha256ThatTheJobGivesIsChecked() throws Exception {
    ModelStore store = new ModelStore(cache);
    String wrong = "0".repeat(64);

    assertThatThrownBy(() -> store.localize(source, wrong))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("model.sha256")
        .hasMessageContaining(sha256(content));
    assertThat(copies()).isEmpty();
    assertThatThrownBy(() -> store.localize(source, "12"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("model.sha256 must be 64 hexadecimal digits");
    assertThat(
            store.localize(source, sha256(content).toUpperCase(java.util.Locale.ROOT)).manifest())
        .isEqualTo(manifest(content));
    // A copy that is known by its source is not an answer to another SHA-256.
    assertThatThrownBy(() -> store.localize(source, wrong))
        .isInstanceOf(InvalidConfigurationException.class);
  }

  @Test
  void aSplitModelKeepsTheNamesOfItsParts() throws Exception {
    List<byte[]> parts = new ArrayList<>();
    for (int i = 1; i <= 3; i++) {
      byte[] part = ("part " + i).getBytes(StandardCharsets.UTF_8);
      parts.add(part);
      Files.write(directory.resolve("big-0000" + i + "-of-00003.gguf"), part);
    }
    Path second = directory.resolve("big-00002-of-00003.gguf");

    LocalModel copy = new ModelStore(cache).localize(new LocalModelSource(second));

    assertThat(copy.path()).hasFileName("big-00001-of-00003.gguf").hasContent("part 1");
    assertThat(copy.path().resolveSibling("big-00003-of-00003.gguf")).hasContent("part 3");
    assertThat(copy.manifest().sha256())
        .isEqualTo(sha256("part 1part 2part 3".getBytes(StandardCharsets.UTF_8)));

    Files.delete(directory.resolve("big-00003-of-00003.gguf"));
    assertThatThrownBy(() -> new ModelStore(cache).localize(new LocalModelSource(second)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("big-00003-of-00003.gguf");
  }

  @Test
  void aMissingModelIsASentence() {
    ModelSource missing = new LocalModelSource(directory.resolve("nowhere.gguf"));

    assertThatThrownBy(() -> new ModelStore(cache).localize(missing))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there")
        .hasMessageContaining("model.path")
        .hasMessageContaining("nowhere.gguf");
    assertThatThrownBy(() -> new ModelStore(cache).localize(missing, manifest(content)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there");
  }

  @Test
  void aModelThatDoesNotFitIsRefusedBeforeItIsRead() {
    ModelSource huge =
        new ModelSource() {
          @Override
          public String location() {
            return "huge";
          }

          @Override
          public List<Part> parts() {
            return List.of(
                new Part(
                    "huge.gguf",
                    Long.MAX_VALUE / 2,
                    0,
                    () -> {
                      throw new AssertionError("read");
                    }));
          }
        };
    assertThatThrownBy(() -> new ModelStore(cache).localize(huge))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model does not fit")
        .hasMessageContaining("model.cache-directory");
  }

  @Test
  void aCacheThatCannotBeWrittenIsASentence() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "");

    assertThatThrownBy(() -> new ModelStore(file.resolve("cache")).localize(source))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the cache directory cannot be written to")
        .hasMessageContaining("model.cache-directory");
    assertThatThrownBy(
            () -> {
              throw CacheTrouble.explain(new IOException("No space left on device"), cache);
            })
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("No space left on device");
    assertThatThrownBy(
            () -> CacheDirectory.firstWritable(List.of(file.resolve("a"), file.resolve("b"))))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("model.cache-directory");
    assertThat(CacheDirectory.firstWritable(List.of(file.resolve("a"), cache))).isEqualTo(cache);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "a\\b", "a\nb", "manifest"})
  void aNameThatLeavesItsDirectoryIsRefused(String name) {
    assertThatThrownBy(() -> new ModelSource.Part(name, 1, 0, InputStream::nullInputStream))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(ModelManifest.parse(manifest(content).text().replace("tiny.gguf", name))).isEmpty();
  }

  private ModelSource withContent(ModelSource.Opener opener) {
    return new ModelSource() {
      @Override
      public String location() {
        return model.toString();
      }

      @Override
      public List<Part> parts() {
        return List.of(
            new Part("tiny.gguf", content.length, model.toFile().lastModified(), opener));
      }
    };
  }

  private InputStream failingAfter(int bytes) {
    return new FilterInputStream(new java.io.ByteArrayInputStream(content, 0, bytes)) {
      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        int count = super.read(target, offset, length);
        if (count < 0) {
          throw new IOException("the network is gone");
        }
        return count;
      }
    };
  }

  private static ModelManifest manifest(byte[] content) {
    return new ModelManifest(
        sha256(content), List.of(new ModelManifest.Entry("tiny.gguf", content.length)));
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private List<Path> copies() throws IOException {
    return entries("[0-9a-f]{64}");
  }

  private List<Path> incoming() throws IOException {
    return entries(".*\\.incoming");
  }

  private List<Path> entries(String name) throws IOException {
    if (!Files.exists(cache)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(cache)) {
      return list.filter(path -> path.getFileName().toString().matches(name)).toList();
    }
  }
}
