package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedHeaderTest {
  private static final PackedKey KEY = new PackedKey("0123456789abcdef".repeat(4));

  @TempDir Path folder;

  /** Writes a header before data that are holes. */
  private Path write(PackedHeader header) throws IOException {
    Path file = folder.resolve("file.packed");
    Files.write(file, header.encoded().array());
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(header.length());
    }
    return file;
  }

  private static PackedHeader header(long dataBytes) {
    int[] checksums = new int[Math.toIntExact(PackedHeader.chunks(dataBytes))];
    for (int i = 0; i < checksums.length; i++) {
      checksums[i] = 31 * i - 7;
    }
    return new PackedHeader(KEY, PackedHeader.bytes(dataBytes) + dataBytes, checksums);
  }

  @Test
  void readsWhatItWrites() throws IOException {
    for (long bytes : new long[] {64, 4 << 20, (4 << 20) + 1L, 5L << 30, 80L << 30}) {
      PackedHeader header = header(bytes);
      assertThat(header.dataOffset()).isEqualTo((int) PackedHeader.bytes(bytes));
      assertThat(header.dataOffset() % 4096).isZero();
      assertThat(PackedHeader.read(write(header), KEY, header.length()))
          .usingRecursiveComparison()
          .isEqualTo(java.util.Optional.of(header));
    }
  }

  @Test
  void anythingElseIsAbsent() throws IOException {
    PackedHeader header = header(9 << 20);
    Path file = write(header);
    byte[] encoded = header.encoded().array();
    for (int at = 0; at < encoded.length; at++) {
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
        raw.seek(at);
        raw.write(encoded[at] ^ 1 << at % 8);
        assertThat(PackedHeader.read(file, KEY, header.length())).as("byte %d", at).isEmpty();
        raw.seek(at);
        raw.write(encoded[at]);
      }
    }
    assertThat(PackedHeader.read(file, KEY, header.length())).isPresent();
    assertThat(PackedHeader.read(file, KEY, header.length() - 1)).isEmpty();
    PackedKey other = new PackedKey("f".repeat(64));
    assertThat(PackedHeader.read(file, other, header.length())).isEmpty();
    assertThat(PackedHeader.read(folder, KEY, header.length())).isEmpty();
    assertThat(PackedHeader.read(folder.resolve("none"), KEY, header.length())).isEmpty();
    Path link = Files.createSymbolicLink(folder.resolve("link"), file);
    assertThat(PackedHeader.read(link, KEY, header.length())).isEmpty();
    for (int length : new int[] {0, 63, 64, 100, 4096}) {
      try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
        raw.setLength(length);
      }
      assertThat(PackedHeader.read(file, KEY, length)).as("%d bytes", length).isEmpty();
    }
  }

  @Test
  void takesNoMemoryForACountThatIsSpoilt() throws IOException {
    PackedHeader header = header(8L << 30);
    Path file = write(header);
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(56 + 3);
      raw.write(0x10); // 2^28 chunks more
    }
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    long thread = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(thread);
    assertThat(PackedHeader.read(file, KEY, header.length())).isEmpty();
    assertThat(threads.getThreadAllocatedBytes(thread) - before).isLessThan(16 << 20);
  }
}
