package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
  @TempDir Path directory;

  private static GgufContents contents() {
    return new GgufContents()
        .put("text", MetadataValue.ofString("größer ☃"))
        .put("u16", MetadataValue.ofUint16(65535))
        .put("u32", MetadataValue.ofUint32(4294967295L))
        .put("i32", MetadataValue.ofInt32(-2))
        .put("u64", MetadataValue.ofUint64(-1))
        .put("f32", MetadataValue.ofFloat32(1e-5f))
        .put("flag", MetadataValue.ofBoolean(true))
        .put("texts", MetadataValue.ofStrings(List.of("a", "", "☃")))
        .put("ints", MetadataValue.ofInt32s(1, -1, Integer.MIN_VALUE))
        .put("floats", MetadataValue.ofFloat32s(0.5f, Float.NEGATIVE_INFINITY))
        .tensor("a.weight", QuantizationType.F32, 3)
        .tensor("b.weight", QuantizationType.Q8_0, 32, 2);
  }

  @Test
  void whatIsWrittenIsReadBack() throws IOException {
    Path path = directory.resolve("model.gguf");
    ByteBuffer quantized = ByteBuffer.allocate(68);
    quantized.put(2, (byte) -7).put(1, (byte) 0x3c); // scale 1.0, first code -7
    try (GgufWriter writer = GgufWriter.create(path, contents())) {
      writer.write("a.weight", ByteBuffer.allocate(5));
      writer.write("a.weight", ByteBuffer.allocate(7).put(6, (byte) 0x40));
      writer.write("b.weight", quantized);
      assertThat(path).doesNotExist();
      writer.finish();
    }
    GgufFile file = GgufFile.read(path);
    GgufMetadata metadata = file.metadata();
    assertThat(file.version()).isEqualTo(3);
    assertThat(metadata.keys()).containsExactlyElementsOf(contents().metadata().keySet());
    contents().metadata().forEach((k, v) -> assertThat(metadata.value(k)).contains(v));
    assertThat(metadata.string("text")).isEqualTo("größer ☃");
    assertThat(metadata.longInteger("u32")).isEqualTo(4294967295L);
    assertThat(metadata.value("u64")).get().hasToString("18446744073709551615");
    assertThat(metadata.intArray("ints")).containsExactly(1, -1, Integer.MIN_VALUE);
    assertThat(metadata.floatArray("floats")).containsExactly(0.5f, Float.NEGATIVE_INFINITY);
    assertThat(metadata.stringArray("texts")).containsExactly("a", "", "☃");
    try (TensorReader reader = TensorReader.open(file)) {
      assertThat(reader.readAll(file.tensor("a.weight").orElseThrow())).containsExactly(0, 0, 2);
      assertThat(reader.readRow(file.tensor("b.weight").orElseThrow(), 0)).startsWith(-7, 0);
      assertThat(reader.readRow(file.tensor("b.weight").orElseThrow(), 1)).containsOnly(0);
    }
  }

  @Test
  void anUnfinishedFileLeavesNothingBehind() throws IOException {
    Path path = directory.resolve("model.gguf");
    try (GgufWriter writer = GgufWriter.create(path, contents())) {
      writer.write("a.weight", ByteBuffer.allocate(12));
      assertThatIllegalStateException()
          .isThrownBy(writer::finish)
          .withMessage("tensor b.weight is not complete");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void tensorsOutOfOrderOrTooLongAreRefused() throws IOException {
    try (GgufWriter writer = GgufWriter.create(directory.resolve("model.gguf"), contents())) {
      assertThatIllegalStateException()
          .isThrownBy(() -> writer.write("b.weight", ByteBuffer.allocate(1)))
          .withMessage("next tensor is a.weight, not b.weight");
      assertThatIllegalStateException()
          .isThrownBy(() -> writer.write("a.weight", ByteBuffer.allocate(13)))
          .withMessageContaining("tensor a.weight has 12 bytes");
    }
  }

  @Test
  void contentsThatNoReaderTakesAreRefused() {
    GgufContents contents = contents();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> contents.put("", contents().metadata().get("u16")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> contents.tensor("a.weight", QuantizationType.F32, 1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> contents.tensor("c", QuantizationType.Q4_K, 128));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> contents.tensor("c", QuantizationType.F32, 4, 0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> contents.tensor("x".repeat(64), QuantizationType.F32, 4));
  }

  @Test
  void aRealModelCopiedIsTheSameFile() throws IOException {
    Path original = SharedData.path("models/quantized/stories260K.Q4_K_M.gguf");
    GgufFile file = GgufFile.read(original);
    GgufContents contents = new GgufContents();
    for (String key : file.metadata().keys()) {
      contents.put(key, file.metadata().value(key).orElseThrow());
    }
    for (TensorInfo tensor : file.tensors()) {
      contents.tensor(tensor.name(), tensor.type(), tensor.dimensions());
    }
    Path copy = directory.resolve("copy.gguf");
    try (TensorReader reader = TensorReader.open(file);
        GgufWriter writer = GgufWriter.create(copy, contents)) {
      for (TensorInfo tensor : file.tensors()) {
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize());
        reader.readBytes(tensor, 0, bytes);
        writer.write(tensor.name(), bytes.flip());
      }
      writer.finish();
    }
    assertThat(Files.mismatch(original, copy)).isEqualTo(-1);
  }
}
