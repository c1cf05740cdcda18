package io.sparkllama.engine.gguf;

import static io.sparkllama.engine.gguf.MalformedFile.refuse;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MalformedHeaderTest {
  @TempDir Path directory;

  @Test
  void theSmallestFileIsValid() throws IOException {
    Path path = GgufBytes.header(0, 0).write(directory.resolve("empty.gguf"));
    assertThat(Files.size(path)).isEqualTo(24);
    assertThat(GgufFile.read(path).tensors()).isEmpty();
  }

  @Test
  void versionTwoIsValidToo() throws IOException {
    GgufBytes bytes = new GgufBytes().text("GGUF").u32(2).u64(0).u64(0);
    assertThat(GgufFile.read(bytes.write(directory.resolve("two.gguf"))).version()).isEqualTo(2);
  }

  @Test
  void lengthsBelowTheHeader() throws IOException {
    byte[] header = GgufBytes.header(0, 0).toByteArray();
    for (int length = 0; length < 24; length++) {
      Path path = Files.write(directory.resolve(length + ".gguf"), Arrays.copyOf(header, length));
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> GgufFile.read(path))
          .withMessageContaining("is cut off by the end of the file")
          .withMessageContaining(path.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GGUX, does not begin with GGUF",
    "gguf, does not begin with GGUF",
    "PK34, does not begin with GGUF",
    "FUGG, bytes reversed",
    "lmgg, older than GGUF",
    "fmgg, older than GGUF",
    "tjgg, older than GGUF",
  })
  void magic(String magic, String message) throws IOException {
    refuse(directory, new GgufBytes().text(magic).u32(3).zeros(64), message);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 4, 5, 255, 0x7fff_ffffL, 0xffff_ffffL})
  void versionUnknown(long version) throws IOException {
    GgufBytes bytes = new GgufBytes().text("GGUF").u32(version).zeros(16);
    refuse(directory, bytes, "is GGUF version " + version + ", which is not supported");
  }

  @Test
  void versionOne() throws IOException {
    refuse(directory, new GgufBytes().text("GGUF").u32(1).zeros(16), "is GGUF version 1");
  }

  @Test
  void bigEndian() throws IOException {
    GgufBytes bytes = new GgufBytes().text("GGUF").bytes(0, 0, 0, 3).zeros(16);
    refuse(directory, bytes, "big-endian");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 62, 1})
  void tensorCountBeyondTheFile(long count) throws IOException {
    refuse(
        directory,
        GgufBytes.header(count, 0),
        "the number of tensors is " + Long.toUnsignedString(count),
        8);
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 62, 1})
  void entryCountBeyondTheFile(long count) throws IOException {
    refuse(
        directory,
        GgufBytes.header(0, count),
        "the number of metadata entries is " + Long.toUnsignedString(count),
        16);
  }

  @Test
  void moreEntriesCountedThanPresent() throws IOException {
    GgufBytes bytes = GgufBytes.header(0, 2).entry("a", GgufBytes.UINT8).bytes(1).zeros(14);
    refuse(directory, bytes, "the name of metadata entry 1 is empty");
  }

  @Test
  void aFileThatShrinksWhileItIsReadIsRefused() throws IOException {
    Path path = GgufBytes.header(0, 0).write(directory.resolve("shrinking.gguf"));
    try (var channel = FileChannel.open(path)) {
      GgufInput input = new GgufInput(path, channel, 1000);
      assertThat(input.readInt("the magic number")).isEqualTo(0x46554747);
      input.readLong("the version and half a count");
      input.readLong("the rest");
      assertThatExceptionOfType(ModelFormatException.class)
          .isThrownBy(() -> input.readBytes(900, "something", 20))
          .withMessageContaining("became shorter while it was read");
    }
  }
}
