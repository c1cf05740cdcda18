package io.sparkllama.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorReaderTest {
  @TempDir Path directory;

  private Path twoRows() throws IOException {
    Path path = directory.resolve("rows.gguf");
    GgufContents contents = new GgufContents().tensor("a", QuantizationType.F16, 2, 2);
    try (GgufWriter writer = GgufWriter.create(path, contents)) {
      writer.write("a", ByteBuffer.wrap(new byte[] {0, 0x3c, 0, 0x40, 0, 0x42, 0, 0x44}));
      writer.finish();
    }
    return path;
  }

  @Test
  void rowsAreReadByNumber() throws IOException {
    GgufFile file = GgufFile.read(twoRows());
    TensorInfo tensor = file.tensor("a").orElseThrow();
    try (TensorReader reader = TensorReader.open(file)) {
      assertThat(reader.readRow(tensor, 0)).containsExactly(1, 2);
      assertThat(reader.readRow(tensor, 1)).containsExactly(3, 4);
      assertThat(reader.readAll(tensor)).containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void nothingBeyondATensorIsRead() throws IOException {
    GgufFile file = GgufFile.read(twoRows());
    TensorInfo tensor = file.tensor("a").orElseThrow();
    try (TensorReader reader = TensorReader.open(file)) {
      for (long row : new long[] {-1, 2, 1L << 40}) {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
            .isThrownBy(() -> reader.readRow(tensor, row));
      }
    }
  }

  @Test
  void aFileThatShrinksWhileInUseIsRefused() throws IOException {
    Path path = twoRows();
    GgufFile file = GgufFile.read(path);
    TensorInfo tensor = file.tensor("a").orElseThrow();
    try (TensorReader reader = TensorReader.open(file)) {
      Files.write(path, new byte[(int) tensor.offset() + 5]);
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> reader.readRow(tensor, 1))
          .withMessage("model file became shorter while in use: " + path);
    }
  }

  /**
   * The 8-bit copy of each matrix differs from the original by at most half a step of its block.
   */
  @Test
  void aQuantizedModelIsCloseToItsOriginal() throws IOException {
    GgufFile original = GgufFile.read(SharedData.path("models/tinystories656K.f32.gguf"));
    GgufFile quantized =
        GgufFile.read(SharedData.path("models/quantized/tinystories656K.Q8_0.gguf"));
    TensorInfo expected = original.tensor("blk.1.ffn_down.weight").orElseThrow();
    TensorInfo actual = quantized.tensor("blk.1.ffn_down.weight").orElseThrow();
    assertThat(actual.type()).isEqualTo(QuantizationType.Q8_0);
    try (TensorReader ofOriginal = TensorReader.open(original);
        TensorReader ofQuantized = TensorReader.open(quantized)) {
      for (long row = 0; row < expected.rows(); row++) {
        float[] numbers = ofOriginal.readRow(expected, row);
        float[] copies = ofQuantized.readRow(actual, row);
        for (int block = 0; block < numbers.length; block += 32) {
          float largest = 0;
          for (int i = block; i < block + 32; i++) {
            largest = Math.max(largest, Math.abs(numbers[i]));
          }
          // Half a step of rounding, and 127 times the scale's own rounding to 11 bits.
          float tolerance = largest / 127 * (0.5f + 127 * 0x1p-11f) + 127 * 0x1p-25f;
          for (int i = block; i < block + 32; i++) {
            assertThat(Math.abs(copies[i] - numbers[i])).isLessThanOrEqualTo(tolerance);
          }
        }
      }
    }
  }
}
