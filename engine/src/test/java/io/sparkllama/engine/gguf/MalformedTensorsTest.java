package io.sparkllama.engine.gguf;

import static io.sparkllama.engine.gguf.MalformedFile.refuse;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MalformedTensorsTest {
  private static final int F32 = 0;
  private static final int Q8_0 = 8;
  private static final int LIST = 24; // where the list of tensors begins without metadata

  @TempDir Path directory;

  private static GgufBytes one() {
    return GgufBytes.header(1, 0);
  }

  private static GgufBytes data(GgufBytes list, int bytes) {
    return list.align(32).zeros(bytes);
  }

  @Test
  void aWholeTensorIsRead() throws IOException {
    Path path = data(one().tensor("a", Q8_0, 0, 64, 3), 204).write(directory.resolve("a.gguf"));
    TensorInfo tensor = GgufFile.read(path).tensor("a").orElseThrow();
    assertThat(tensor.offset()).isEqualTo(96);
    assertThat(tensor.byteSize()).isEqualTo(204);
    assertThat(tensor.rows()).isEqualTo(3);
  }

  @Test
  void lastTensorShortByAByte() throws IOException {
    GgufBytes bytes = data(one().tensor("a", Q8_0, 0, 64, 3), 203);
    refuse(directory, bytes, "tensor a needs 204 bytes but the file ends at byte 299", 96);
  }

  @Test
  void nameEmpty() throws IOException {
    refuse(directory, data(one().tensor("", F32, 0, 1), 4), "the name of tensor 0 is empty", LIST);
  }

  @Test
  void nameOf64Bytes() throws IOException {
    GgufBytes bytes = data(one().tensor("n".repeat(64), F32, 0, 1), 4);
    refuse(directory, bytes, "the name of tensor 0 has 64 bytes; at most 63", LIST);
    Path path =
        data(one().tensor("n".repeat(63), F32, 0, 1), 4).write(directory.resolve("ok.gguf"));
    assertThat(GgufFile.read(path).tensors()).hasSize(1);
  }

  @Test
  void nameWithNul() throws IOException {
    GgufBytes bytes = data(one().tensor("a\u0000b", F32, 0, 1), 4);
    refuse(directory, bytes, "the name of tensor 0 has control characters", LIST);
  }

  @Test
  void nameDoubled() throws IOException {
    GgufBytes bytes =
        data(GgufBytes.header(2, 0).tensor("a", F32, 0, 1).tensor("a", F32, 32, 1), 64);
    refuse(directory, bytes, "tensor name a occurs twice");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 5, 0x8000_0000L, 0xffff_ffffL})
  void dimensionCountOutOfRange(long count) throws IOException {
    GgufBytes bytes = one().string("a").u32(count).zeros(64);
    refuse(directory, bytes, "tensor a has " + count + " dimensions");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, -32, Long.MIN_VALUE})
  void dimensionNotPositive(long dimension) throws IOException {
    GgufBytes bytes = data(one().tensor("a", F32, 0, 32, dimension), 128);
    refuse(directory, bytes, "tensor a has a dimension of " + dimension);
  }

  @ParameterizedTest
  @CsvSource({
    "4294967296, 4294967296, 1", // elements wrap to 0
    "9223372036854775807, 1, 1", // bytes wrap
    "2147483648, 2147483648, 2", // elements wrap to negative
    "4611686018427387904, 1, 1", // 4 bytes each: 0
    "6148914691236517206, 3, 1", // elements wrap to 2
  })
  void dimensionsWhoseProductWraps(long first, long second, long third) throws IOException {
    GgufBytes bytes = data(one().tensor("a", F32, 0, first, second, third), 128);
    refuse(directory, bytes, "tensor a has more bytes than 64 bits can count", LIST);
  }

  @ParameterizedTest
  @CsvSource({
    "17, 'IQ2_XS (17), which is not supported; supported: F32, F16, Q4_0'",
    "9, 'Q8_1 (9), which is not supported'",
    "15, 'Q8_K (15), which is not supported'",
    "26, 'I32 (26), which is not supported'",
    "35, 'TQ2_0 (35), which is not supported'",
    "39, 'MXFP4 (39), which is not supported'",
    "4, 'Q4_2 (4), which was removed from the format'",
    "5, 'Q4_3 (5), which was removed'",
    "31, 'Q4_0_4_4 (31), which was removed'",
    "38, 'IQ4_NL_8_8 (38), which was removed'",
    "99, '99, which is unknown'",
    "136, '136, which is unknown'",
    "137, '137, which belongs to a fork'",
    "230, '230, which belongs to a fork'",
    "-1, '4294967295, which is unknown'",
  })
  void typeThatCannotBeLoaded(int type, String message) throws IOException {
    GgufBytes bytes = data(one().tensor("blk.3.ffn_up.weight", type, 0, 256), 1024);
    refuse(directory, bytes, "tensor blk.3.ffn_up.weight has type " + message);
    refuse(directory, bytes, "; supported: F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K");
  }

  @ParameterizedTest
  @CsvSource({"8, 33, 32", "8, 31, 32", "12, 128, 256", "23, 257, 256"})
  void rowThatIsNoMultipleOfTheBlock(int type, long row, int block) throws IOException {
    GgufBytes bytes = data(one().tensor("a", type, 0, row), 1024);
    refuse(
        directory, bytes, "tensor a has rows of " + row + " elements, no multiple of the " + block);
  }

  @Test
  void offsetUnaligned() throws IOException {
    GgufBytes bytes = data(one().tensor("a", F32, 33, 1), 128);
    refuse(directory, bytes, "tensor a has the offset 33, no multiple of the alignment 32");
  }

  @ParameterizedTest
  @ValueSource(longs = {192, 1L << 40, Long.MAX_VALUE - 31, -32, Long.MIN_VALUE})
  void offsetBeyondTheEnd(long offset) throws IOException {
    GgufBytes bytes = data(one().tensor("a", F32, offset, 1), 128);
    refuse(directory, bytes, "is it complete?");
    refuse(directory, bytes, "but the file ends at byte 192");
  }

  @Test
  void offsetsThatOverlap() throws IOException {
    GgufBytes bytes =
        data(GgufBytes.header(2, 0).tensor("b", F32, 32, 8).tensor("a", F32, 0, 9), 96);
    refuse(directory, bytes, "tensors a and b overlap");
  }

  @Test
  void twoTensorsAtOnePlaceOverlap() throws IOException {
    GgufBytes bytes =
        data(GgufBytes.header(2, 0).tensor("a", F32, 0, 1).tensor("b", F32, 0, 1), 96);
    refuse(directory, bytes, "overlap");
  }

  @Test
  void aGapBetweenTensorsIsHarmless() throws IOException {
    GgufBytes bytes =
        data(GgufBytes.header(2, 0).tensor("a", F32, 0, 1).tensor("b", F32, 96, 1), 100);
    assertThat(GgufFile.read(bytes.write(directory.resolve("gap.gguf"))).tensors()).hasSize(2);
  }
}
