package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SplitModelTest {
  @TempDir Path directory;

  /** Writes one part of two, with one tensor of one value. */
  private Path part(int number, GgufContents extra) throws IOException {
    Path path = directory.resolve("m-0000%d-of-00002.gguf".formatted(number));
    return write(path, number - 1, 2, 2, extra);
  }

  private static Path write(Path path, int number, int count, int tensors, GgufContents extra)
      throws IOException {
    GgufContents contents =
        new GgufContents()
            .put("split.no", MetadataValue.ofUint16(number))
            .put("split.count", MetadataValue.ofUint16(count))
            .put("split.tensors.count", MetadataValue.ofInt32(tensors));
    extra.metadata().forEach(contents::put);
    String tensor = extra.tensors().keySet().stream().findFirst().orElse("t" + number);
    contents.tensor(tensor, QuantizationType.F32, 1);
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writer.write(tensor, ByteBuffer.allocate(4).put(3, (byte) (0x40 - number)));
      writer.finish();
    }
    return path;
  }

  private static GgufContents nothing() {
    return new GgufContents();
  }

  private static void refuse(Path path, String message) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(path))
        .withMessageContaining(message);
  }

  @Test
  void anyPartGivesTheWholeModel() throws IOException {
    List<Path> parts = List.of(part(1, nothing()), part(2, nothing()));
    for (Path given : parts) {
      GgufFile file = GgufFile.read(given);
      assertThat(file.parts()).isEqualTo(parts);
      assertThat(file.tensors()).extracting(TensorInfo::name).containsExactly("t0", "t1");
      assertThat(file.tensors()).extracting(TensorInfo::part).containsExactly(0, 1);
      try (TensorReader reader = TensorReader.open(file)) {
        assertThat(reader.readAll(file.tensors().get(0))).containsExactly(2f);
        assertThat(reader.readAll(file.tensors().get(1))).containsExactly(0.5f);
      }
    }
  }

  @Test
  void aRealPairEqualsItsWhole() throws IOException {
    GgufFile split = GgufFile.read(SharedData.path("gguf/split/dummy-00001-of-00002.gguf"));
    GgufFile whole = GgufFile.read(SharedData.path("gguf/split/dummy.gguf"));
    assertThat(split.parts()).hasSize(2);
    assertThat(split.tensors()).hasSize(10);
    for (String key : whole.metadata().keys()) {
      assertThat(split.metadata().value(key)).isEqualTo(whole.metadata().value(key));
    }
    try (TensorReader ofSplit = TensorReader.open(split);
        TensorReader ofWhole = TensorReader.open(whole)) {
      for (TensorInfo tensor : whole.tensors()) {
        TensorInfo same = split.tensor(tensor.name()).orElseThrow();
        assertThat(ofSplit.readAll(same)).containsExactly(ofWhole.readAll(tensor));
      }
    }
  }

  @Test
  void aPartThatIsMissing() throws IOException {
    Path first = part(1, nothing());
    refuse(first, "of which one is missing: " + directory.resolve("m-00002-of-00002.gguf"));
  }

  @Test
  void aPartThatIsCut() throws IOException {
    Path first = part(1, nothing());
    Path second = part(2, nothing());
    byte[] bytes = Files.readAllBytes(second);
    Files.write(second, Arrays.copyOf(bytes, bytes.length - 32));
    refuse(first, "tensor t1 needs 4 bytes");
  }

  @Test
  void aNameThatIsNoPartsName() throws IOException {
    Path path = write(directory.resolve("renamed.gguf"), 0, 2, 2, nothing());
    refuse(path, "the file must be named like name-00001-of-00002.gguf");
  }

  @Test
  void aCountThatDiffersFromTheName() throws IOException {
    Path path = write(directory.resolve("m-00001-of-00002.gguf"), 0, 3, 2, nothing());
    refuse(path, "split.count differs from the count in the file's name: 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 4097, 65535})
  void aCountOutOfRange(int count) throws IOException {
    Path path = write(directory.resolve("m-00001-of-00002.gguf"), 0, count, 2, nothing());
    refuse(path, "split.count must be 1 to 4096 but is " + count);
  }

  @Test
  void aPartThatCountsItselfAnother() throws IOException {
    Path first = part(1, nothing());
    write(directory.resolve("m-00002-of-00002.gguf"), 0, 2, 2, nothing());
    refuse(first, "split.no is 0 but the file's name says part 2 of 2");
  }

  @Test
  void differingMetadata() throws IOException {
    Path first = part(1, nothing().put("general.name", MetadataValue.ofString("a")));
    part(2, nothing().put("general.name", MetadataValue.ofString("b")));
    refuse(first, "metadata key general.name differs between the parts");
  }

  @Test
  void aTensorInTwoParts() throws IOException {
    GgufContents same = nothing().tensor("t", QuantizationType.F32, 1);
    Path first = part(1, same);
    part(2, same);
    refuse(first, "tensor t occurs in more than one part");
  }

  @Test
  void aCountOfTensorsThatIsWrong() throws IOException {
    Path first = write(directory.resolve("m-00001-of-00002.gguf"), 0, 2, 3, nothing());
    write(directory.resolve("m-00002-of-00002.gguf"), 1, 2, 3, nothing());
    refuse(first, "split.tensors.count is 3 but the parts hold 2 tensors");
  }

  /** Names come from the given file's own name, so that no metadata can lead elsewhere. */
  @Test
  void aPartThatLinksOutOfTheDirectory() throws IOException {
    Path first = part(1, nothing());
    Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Path second = Files.move(part(2, nothing()), elsewhere.resolve("secret"));
    Files.createSymbolicLink(directory.resolve("m-00002-of-00002.gguf"), second);
    refuse(first, "is a link out of the directory of the others");
  }

  /** Download caches keep the parts under other names and link to them. */
  @Test
  void partsThatAllLinkToOneDirectory() throws IOException {
    Path blobs = Files.createDirectory(directory.resolve("blobs"));
    for (int number = 1; number <= 2; number++) {
      Path part = part(number, nothing());
      Files.createSymbolicLink(part, Files.move(part, blobs.resolve("blob" + number)));
    }
    GgufFile file = GgufFile.read(directory.resolve("m-00001-of-00002.gguf"));
    assertThat(file.tensors()).hasSize(2);
  }

  @Test
  void onePartOfOneIsAnOrdinaryFile() throws IOException {
    Path path = write(directory.resolve("any.gguf"), 0, 1, 1, nothing());
    assertThat(GgufFile.read(path).parts()).containsExactly(path);
  }
}
