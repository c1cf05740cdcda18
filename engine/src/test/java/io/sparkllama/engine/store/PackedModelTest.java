package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.jni.NativeLibrary;
import io.sparkllama.engine.jni.PackNatives;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.TinyModel;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class PackedModelTest {
  @TempDir Path directory;
  private Path cache;
  private Path model;

  @BeforeEach
  void makeModel() throws IOException {
    cache = directory.resolve("cache");
    model = new TinyModel().write(directory);
  }

  static PackedModel open(Path cache, Path path) {
    GgufFile gguf = GgufFile.read(path);
    return PackedModel.open(PackedPlace.in(cache, gguf), gguf, plan(gguf), Optional.empty());
  }

  private static PackedPlan plan(GgufFile gguf) {
    ModelConfig config = ModelConfig.of(gguf);
    return PackedPlan.of(config, WeightMap.of(gguf, config));
  }

  /** Packs and returns the file, which stays. */
  private Path packed() {
    try (PackedModel packed = open(cache, model)) {
      return packed.file();
    }
  }

  private static Object node(Path file) throws IOException {
    return Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS);
  }

  private static void overwrite(Path file, long at, int value) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(at);
      raw.write(value);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K.f32", "stories260K.f16", "quantized/tinystories656K.Q4_K_M"})
  void holdsEveryWeightInItsPlace(String name) throws IOException {
    assertHoldsEveryWeight(SharedData.path("models/" + name + ".gguf"));
  }

  @Test
  void joinsTheFilesOfASplitModel() throws IOException {
    Path whole = SharedData.path("models/stories260K.f16.gguf");
    assertHoldsEveryWeight(SplitCopy.write(whole, directory));
  }

  private void assertHoldsEveryWeight(Path path) throws IOException {
    GgufFile gguf = GgufFile.read(path);
    PackedPlan plan = plan(gguf);
    try (PackedModel packed = open(cache, path);
        TensorReader reader = TensorReader.open(gguf)) {
      byte[] file = Files.readAllBytes(packed.file());
      assertThat(file).hasSize((int) plan.length());
      long end = plan.dataOffset();
      assertThat(end % 4096).isZero();
      for (PackedTensor tensor : packed.tensors()) {
        assertThat(tensor.offset()).isEqualTo(PackedLayout.aligned(end));
        end = tensor.offset() + tensor.bytes();
        assertThat(Arrays.copyOfRange(file, (int) tensor.offset(), (int) end))
            .as("%s of layer %d", tensor.role(), tensor.layer())
            .isEqualTo(expected(tensor, reader));
      }
      assertThat(end).isEqualTo(plan.length());
      assertThat(packed.tensors().stream().map(PackedTensor::role))
          .doesNotContain(WeightRole.ROPE_FACTORS)
          .startsWith(
              WeightRole.TOKEN_EMBEDDING, WeightRole.ATTENTION_NORM, WeightRole.ATTENTION_QUERY);
    }
  }

  private static byte[] expected(PackedTensor tensor, TensorReader reader) throws IOException {
    if (tensor.rows() == 1) {
      ByteBuffer numbers =
          ByteBuffer.allocate(Math.toIntExact(4 * tensor.columns())).order(ByteOrder.LITTLE_ENDIAN);
      numbers.asFloatBuffer().put(reader.readAll(tensor.source()));
      return numbers.array();
    }
    NativeLibrary.load(Optional.empty());
    ByteBuffer rows = ByteBuffer.allocateDirect((int) tensor.source().byteSize());
    reader.readBytes(tensor.source(), 0, rows);
    ByteBuffer panels =
        ByteBuffer.allocateDirect((int) tensor.bytes() + 64)
            .alignedSlice(64)
            .slice(0, (int) tensor.bytes());
    PackNatives.packRows(tensor.type().id(), rows, tensor.rows(), tensor.columns(), panels);
    byte[] bytes = new byte[panels.remaining()];
    panels.get(bytes);
    return bytes;
  }

  @Test
  void isMadeOnceAndFoundAgain() throws IOException {
    Path file = packed();
    Object node = node(file);
    FileTime modified = Files.getLastModifiedTime(file);
    assertThat(file.startsWith(cache)).isTrue();
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
    assertThat(file.getParent()).isDirectoryNotContaining("glob:**.incoming");

    assertThat(packed()).isEqualTo(file);
    assertThat(node(file)).isEqualTo(node);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(modified);
  }

  @Test
  void threadsThatOpenAtOncePackOnce() throws Exception {
    List<Callable<Object>> calls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      calls.add(
          () -> {
            try (PackedModel packed = open(cache, model)) {
              return node(packed.file());
            }
          });
    }
    ExecutorService pool = Executors.newFixedThreadPool(calls.size());
    try {
      List<Object> nodes = new ArrayList<>();
      for (Future<Object> call : pool.invokeAll(calls, 60, TimeUnit.SECONDS)) {
        nodes.add(call.get());
      }
      assertThat(nodes).containsOnly(node(packed()));
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void processesThatOpenAtOncePackOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
                  PackInProcess.class.getName(),
                  cache.toString(),
                  model.toString())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("process" + i).toFile())
              .start());
    }
    int packings = 0;
    for (int i = 0; i < processes.size(); i++) {
      Process process = processes.get(i);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      String output = Files.readString(directory.resolve("process" + i));
      assertThat(process.exitValue()).as(output).isZero();
      packings += output.contains("Packed the model") ? 1 : 0;
    }
    assertThat(packings).isEqualTo(1);
  }

  @Test
  void whatIsCutShortOrGarbledIsPackedAgain() throws IOException {
    Path file = packed();
    byte[] whole = Files.readAllBytes(file);
    overwrite(file, 20, whole[20] ^ 1);
    assertThat(packed()).isEqualTo(file).hasBinaryContent(whole);

    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(whole.length - 1);
    }
    assertThat(packed()).isEqualTo(file).hasBinaryContent(whole);

    Files.delete(file);
    Files.writeString(
        file.resolveSibling(file.getFileName().toString().replace(".packed", ".incoming")),
        "left by a process that was killed");
    assertThat(packed()).isEqualTo(file).hasBinaryContent(whole);
    assertThat(file.getParent()).isDirectoryNotContaining("glob:**.incoming");
  }

  @Test
  void aModelThatChangesIsPackedAnew() throws IOException {
    Path first = packed();
    Files.setLastModifiedTime(model, FileTime.from(Instant.EPOCH.plusNanos(1_000_001_000)));
    Path second = packed();
    Files.setLastModifiedTime(model, FileTime.from(Instant.EPOCH.plusNanos(1_000_002_000)));
    Path third = packed();
    Files.write(model, new byte[1], java.nio.file.StandardOpenOption.APPEND);
    Files.setLastModifiedTime(model, FileTime.from(Instant.EPOCH.plusNanos(1_000_002_000)));
    Path fourth = packed();

    assertThat(List.of(first, second, third, fourth)).doesNotHaveDuplicates();
    assertThat(first.getParent()).isDirectoryNotContaining(path -> !path.equals(fourth));
  }

  @Test
  void whatIsInUseStaysUntilItsUserIsDone() throws IOException {
    try (PackedModel used = open(cache, model)) {
      Files.setLastModifiedTime(model, FileTime.from(Instant.EPOCH.plusNanos(1_000_001_000)));
      assertThat(packed()).exists().isNotEqualTo(used.file());
      assertThat(used.file()).exists();
    }
    Files.setLastModifiedTime(model, FileTime.from(Instant.EPOCH.plusNanos(1_000_002_000)));
    Path last = packed();

    assertThat(last.getParent()).isDirectoryNotContaining(path -> !path.equals(last));
  }

  @Test
  void aModelThatTakesTheOthersPlaceIsPackedAnew() throws IOException {
    Path first = packed();
    FileTime modified = Files.getLastModifiedTime(model);
    byte[] other = Files.readAllBytes(model);
    other[other.length - 1] ^= 1; // a weight: length and header are the same
    Path incoming = Files.write(directory.resolve("incoming"), other);
    Files.move(incoming, model, StandardCopyOption.REPLACE_EXISTING);
    Files.setLastModifiedTime(model, modified);
    assertThat(packed()).isNotEqualTo(first);
  }

  @Test
  void isOpenedOnceMoreWhereItIsDeletedBeforeItIsMapped() throws IOException {
    List<Path> seen = new ArrayList<>();
    String answer =
        PackedModel.mapped(
            () -> open(cache, model),
            packed -> {
              seen.add(packed.file());
              if (seen.size() == 1) {
                delete(packed.file());
              }
              if (!Files.exists(packed.file())) {
                throw new ModelFormatException("cannot be opened");
              }
              return "mapped";
            });
    assertThat(answer).isEqualTo("mapped");
    assertThat(seen).hasSize(2);
    assertThatThrownBy(
            () ->
                PackedModel.mapped(
                    () -> open(cache, model),
                    packed -> {
                      seen.add(packed.file());
                      throw new ModelFormatException("another reason");
                    }))
        .hasMessage("another reason");
    assertThat(seen).hasSize(3);
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void anInterruptIsNotTakenForTroubleOfTheDirectory() throws IOException {
    GgufFile gguf = GgufFile.read(model);
    PackedPlace place = PackedPlace.in(cache, gguf);
    PackedPlan plan = plan(gguf);
    assertInterrupted(() -> PackedModel.open(place, gguf, plan, Optional.empty()));
    // Its identity is known without reading: the interrupt meets the packing.
    PackedPlace beside =
        PackedPlace.beside(new ModelStore(cache).localize(new LocalModelSource(model)));
    assertInterrupted(() -> PackedModel.open(beside, gguf, plan, Optional.empty()));
    PackedModel.open(beside, gguf, plan, Optional.empty()).close();
    assertInterrupted(() -> PackedModel.open(beside, gguf, plan, Optional.empty()));
  }

  private static void assertInterrupted(ThrowableAssert.ThrowingCallable opening) {
    try {
      Thread.currentThread().interrupt();
      assertThatThrownBy(opening)
          .isInstanceOf(EngineFailedException.class)
          .hasMessageContaining("interrupted");
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void modelsInDifferentPlacesHaveFilesOfTheirOwn() throws IOException {
    Path other = Files.copy(model, directory.resolve("other.gguf"));
    Path first = packed();
    try (PackedModel packed = open(cache, other)) {
      assertThat(packed.file()).isNotEqualTo(first).exists();
    }
    assertThat(first).exists();
    Path link = Files.createSymbolicLink(directory.resolve("link.gguf"), model);
    try (PackedModel packed = open(cache, link)) {
      assertThat(packed.file()).isEqualTo(first);
    }
  }

  @Test
  void aCachedModelHasItsFileInItsHome() throws IOException {
    ModelStore store = new ModelStore(cache);
    LocalModel local = store.localize(new LocalModelSource(model));
    Path home = local.path().getParent();
    Path file = packedBeside(local);
    assertThat(file.startsWith(home)).isTrue();
    assertThat(store.localize(new LocalModelSource(model))).isEqualTo(local);
    assertThat(packedBeside(local)).isEqualTo(file).exists();

    // A copy that is damaged is made anew, and what was packed from it goes with it.
    overwrite(local.path(), Files.size(local.path()) - 1, 77);
    assertThat(store.localize(new LocalModelSource(model))).isEqualTo(local);
    assertThat(file).doesNotExist();
    assertThat(packedBeside(local)).isEqualTo(file).exists();
  }

  private static Path packedBeside(LocalModel local) {
    GgufFile gguf = GgufFile.read(local.path());
    try (PackedModel packed =
        PackedModel.open(PackedPlace.beside(local), gguf, plan(gguf), Optional.empty())) {
      return packed.file();
    }
  }

  @Test
  void damageIsFoundInTheBackground() throws IOException {
    Path file = packed();
    byte[] whole = Files.readAllBytes(file);
    try (PackedModel packed = open(cache, model)) {
      assertThat(packed.compared()).isCompleted(); // this process has written it
    }
    overwrite(file, whole.length - 5, whole[whole.length - 5] ^ 4);
    try (PackedModel packed = open(cache, model);
        PackedModel second = open(cache, model)) {
      for (PackedModel either : List.of(packed, second)) {
        assertThatThrownBy(() -> either.compared().join())
            .isInstanceOf(CompletionException.class)
            .cause()
            .isInstanceOf(EngineFailedException.class)
            .hasMessageContaining("damaged")
            .hasMessageContaining("packs it again")
            .hasMessageContaining(file.toString());
      }
    }
    assertThat(file).doesNotExist();
    assertThat(packed()).isEqualTo(file).hasBinaryContent(whole);
  }

  @Test
  void aFileOfAnotherProcessIsReadOnce() throws IOException {
    Path file = packed();
    Files.setLastModifiedTime(file, FileTime.fromMillis(1234)); // as another would have left it
    try (PackedModel packed = open(cache, model)) {
      packed.compared().join();
    }
    try (PackedModel packed = open(cache, model)) {
      assertThat(packed.compared()).isCompleted();
    }
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNamedWithTheRemedy() throws IOException {
    Files.createDirectory(cache);
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("r-xr-xr-x"));
    Assumptions.assumeFalse(Files.isWritable(cache), "this user may write everywhere");
    assertUnusable(cache);
  }

  @Test
  void aDirectoryThatIsNoneIsNamedWithTheRemedy() throws IOException {
    assertUnusable(Files.writeString(directory.resolve("text"), "no directory"));
  }

  private void assertUnusable(Path place) {
    assertThatThrownBy(() -> open(place, model))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("cannot be written")
        .hasMessageContaining("model.cache-directory")
        .hasMessageContaining("--cache-directory")
        .hasMessageContaining(place.toString());
  }

  @Test
  void aModelCutOffAfterItWasReadIsRefused() throws IOException {
    GgufFile gguf = GgufFile.read(model);
    PackedPlan plan = plan(gguf);
    try (RandomAccessFile raw = new RandomAccessFile(model.toFile(), "rw")) {
      raw.setLength(raw.length() - 1);
    }
    PackedPlace place = PackedPlace.in(cache, gguf);
    assertThatThrownBy(() -> PackedModel.open(place, gguf, plan, Optional.empty()))
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("shorter")
        .hasMessageContaining(model.toString());
    Files.delete(model);
    assertThatThrownBy(() -> PackedModel.open(place, gguf, plan, Optional.empty()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining(model.toString());
    try (Stream<Path> files = Files.walk(cache.resolve("packed"))) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }
}
