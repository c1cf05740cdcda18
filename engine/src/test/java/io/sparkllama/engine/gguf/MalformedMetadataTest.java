package io.sparkllama.engine.gguf;

import static io.sparkllama.engine.gguf.GgufBytes.ARRAY;
import static io.sparkllama.engine.gguf.GgufBytes.BOOL;
import static io.sparkllama.engine.gguf.GgufBytes.INT32;
import static io.sparkllama.engine.gguf.GgufBytes.STRING;
import static io.sparkllama.engine.gguf.GgufBytes.UINT32;
import static io.sparkllama.engine.gguf.GgufBytes.UINT8;
import static io.sparkllama.engine.gguf.MalformedFile.refuse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MalformedMetadataTest {
  @TempDir Path directory;

  private static GgufBytes one() {
    return GgufBytes.header(0, 1);
  }

  @Test
  void keyEmpty() throws IOException {
    refuse(directory, one().entry("", UINT8).zeros(9), "metadata entry 0 is empty", 24);
  }

  @Test
  void keyTooLong() throws IOException {
    GgufBytes bytes = one().entry("k".repeat(65_536), UINT8).bytes(1);
    refuse(directory, bytes, "has 65536 bytes; at most 65535", 24);
  }

  @ParameterizedTest
  @ValueSource(strings = {"größe", "a b", "a\u0000b", "a\nb", "\u007f"})
  void keyNotPrintableAscii(String key) throws IOException {
    refuse(directory, one().entry(key, UINT8).bytes(1), "other than printable ASCII", 24);
  }

  @Test
  void keyNotUtf8() throws IOException {
    GgufBytes bytes = one().u64(2).bytes(0xff, 0xfe).u32(UINT8).bytes(1);
    refuse(directory, bytes, "metadata entry 0 is not valid UTF-8", 24);
  }

  @Test
  void keyDoubled() throws IOException {
    GgufBytes bytes = GgufBytes.header(0, 2).entry("a", UINT8).bytes(1).entry("a", UINT8).bytes(2);
    refuse(directory, bytes, "metadata key a occurs twice", 38);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE, Long.MIN_VALUE, 100})
  void keyLengthBeyondTheFile(long length) throws IOException {
    refuse(
        directory, one().u64(length).zeros(20), "the length of the name of metadata entry 0", 24);
  }

  @ParameterizedTest
  @ValueSource(longs = {13, 14, 255, 0x8000_0000L, 0xffff_ffffL})
  void valueTypeUnknown(long type) throws IOException {
    GgufBytes bytes = one().string("a").u32(type).zeros(16);
    refuse(directory, bytes, "metadata key a has the unknown type " + type, 33);
  }

  @Test
  void valueCutOff() throws IOException {
    refuse(directory, one().entry("abc", UINT32).zeros(3), "metadata key abc needs 4 bytes");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 127, 128, 255})
  void boolOutsideZeroAndOne(int value) throws IOException {
    GgufBytes bytes = one().entry("a", BOOL).bytes(value);
    refuse(directory, bytes, "metadata key a is a bool with the value " + value, 37);
  }

  @Test
  void boolOutsideZeroAndOneInAnArray() throws IOException {
    GgufBytes bytes = one().entry("a", ARRAY).u32(BOOL).u64(3).bytes(0, 1, 2);
    refuse(directory, bytes, "metadata key a has a bool with the value 2", 51);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 6})
  void stringLengthBeyondTheFile(long length) throws IOException {
    GgufBytes bytes = one().entry("a", STRING).u64(length).zeros(5);
    refuse(directory, bytes, "the length of metadata key a is");
  }

  @Test
  void stringNotUtf8() throws IOException {
    GgufBytes bytes = one().entry("a", STRING).u64(2).bytes(0xc3, 0x28);
    refuse(directory, bytes, "metadata key a is not valid UTF-8");
  }

  @Test
  void arrayOfArrays() throws IOException {
    GgufBytes bytes = one().entry("a", ARRAY).u32(ARRAY).u64(1).u32(UINT8).u64(1).bytes(1);
    refuse(directory, bytes, "metadata key a is an array of arrays", 37);
  }

  @ParameterizedTest
  @ValueSource(longs = {13, 77, 0xffff_ffffL})
  void arrayElementTypeUnknown(long type) throws IOException {
    GgufBytes bytes = one().entry("a", ARRAY).u32(type).u64(1).zeros(8);
    refuse(directory, bytes, "metadata key a has the unknown element type " + type, 37);
  }

  @ParameterizedTest
  @CsvSource({
    // count * size wraps to 0, to a small number, or is merely too much
    "5, 4611686018427387904",
    "11, 2305843009213693953",
    "8, 2305843009213693952",
    "0, -1",
    "5, 3",
  })
  void arrayCountBeyondTheFile(int elementType, long count) throws IOException {
    GgufBytes bytes = one().entry("a", ARRAY).u32(elementType).u64(count).zeros(10);
    refuse(directory, bytes, "the number of elements of metadata key a", 41);
  }

  @Test
  void arrayOfStringsCutOff() throws IOException {
    GgufBytes bytes = one().entry("a", ARRAY).u32(STRING).u64(2).string("abcdefgh").zeros(7);
    refuse(directory, bytes, "the length of an element of metadata key a is cut off");
  }

  /** A few bytes must not make the reader take much memory, and neither must a sparse file. */
  @Test
  void metadataOfMoreThanTheBudgetInASparseFile() throws IOException {
    Path path = one().entry("a", ARRAY).u32(UINT8).u64(1L << 30).write(directory.resolve("s.gguf"));
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(2L << 30);
    }
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(() -> GgufFile.read(path))
        .withMessageContaining("metadata key a makes the metadata longer than 128 MiB");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 4, 24, 33, 1 << 17, 0x8000_0000L})
  void alignmentOutOfRange(long alignment) throws IOException {
    GgufBytes bytes = one().entry("general.alignment", UINT32).u32(alignment);
    refuse(directory, bytes, "general.alignment must be a power of two from 8 to 65536");
  }

  @Test
  void alignmentOfAWrongType() throws IOException {
    GgufBytes bytes = one().entry("general.alignment", STRING).string("32");
    refuse(directory, bytes, "general.alignment must be an integer but is of type string");
  }

  @Test
  void longOrBrokenTextIsQuotedShortAndOnOneLine() throws IOException {
    String key = "k".repeat(60_000);
    GgufBytes bytes = one().entry(key, STRING).u64(-1);
    refuse(directory, bytes, "metadata key " + "k".repeat(200) + "… is ");
    GgufMetadata metadata =
        GgufFile.read(one().entry("a", UINT8).bytes(0).write(directory.resolve("m.gguf")))
            .metadata();
    assertThat(metadata.invalid("a", "is x\ny\u0007"))
        .hasMessageStartingWith("metadata key a is x?y?: ");
    assertThat(metadata.invalid("a", "z".repeat(1 << 20)).getMessage()).hasSizeLessThan(1000);
  }

  @Test
  void requiredKeysMissingOrOfAWrongType() throws IOException {
    GgufBytes bytes =
        GgufBytes.header(0, 3)
            .entry("number", INT32)
            .u32(-1)
            .entry("text", STRING)
            .string("x")
            .entry("list", ARRAY)
            .u32(INT32)
            .u64(1)
            .u32(5);
    GgufMetadata metadata = GgufFile.read(bytes.write(directory.resolve("m.gguf"))).metadata();
    assertThat(metadata.integer("number")).isEqualTo(-1);
    assertThat(metadata.optionalString("absent")).isEmpty();
    refused(() -> metadata.string("absent"), "metadata key absent is missing");
    refused(() -> metadata.string("number"), "number must be a string but is of type int32");
    refused(() -> metadata.integer("text"), "text must be an integer but is of type string");
    refused(() -> metadata.bool("text"), "text must be a bool but is of type string");
    refused(() -> metadata.floatingPoint("number"), "number must be a floating-point number");
    refused(
        () -> metadata.stringArray("list"),
        "list must be an array of strings but is of type array of int32");
    refused(() -> metadata.floatArray("list"), "list must be an array of floating-point numbers");
    refused(() -> metadata.intArray("text"), "text must be an array of integers");
  }

  @Test
  void integersOutOfRangeOfTheCaller() throws IOException {
    GgufBytes bytes =
        GgufBytes.header(0, 3)
            .entry("big", UINT32)
            .u32(4294967295L)
            .entry("bigger", 10)
            .u64(-1)
            .entry("list", ARRAY)
            .u32(UINT32)
            .u64(1)
            .u32(4294967295L);
    GgufMetadata metadata = GgufFile.read(bytes.write(directory.resolve("m.gguf"))).metadata();
    assertThat(metadata.longInteger("big")).isEqualTo(4294967295L);
    refused(() -> metadata.integer("big"), "big is out of range (4294967295)");
    refused(() -> metadata.longInteger("bigger"), "bigger is out of range (18446744073709551615)");
    refused(() -> metadata.intArray("list"), "list is out of range (4294967295)");
  }

  private static void refused(Runnable access, String message) {
    assertThatExceptionOfType(ModelFormatException.class)
        .isThrownBy(access::run)
        .withMessageContaining(message);
  }
}
