package io.sparkllama.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Reads a file of many chunks that is one hole, whose last chunk is short. */
@Timeout(60)
class PackedCheckTest {
  private static final long DATA_BYTES = 40L * PackedHeader.CHUNK_BYTES + 192;

  @TempDir Path folder;
  private Path file;
  private PackedHeader header;

  @BeforeEach
  void makeFile() throws IOException {
    int[] checksums = new int[41];
    java.util.Arrays.fill(checksums, checksumOfZeros(PackedHeader.CHUNK_BYTES));
    checksums[40] = checksumOfZeros(192);
    header =
        new PackedHeader(
            new PackedKey("0".repeat(64)), PackedHeader.bytes(DATA_BYTES) + DATA_BYTES, checksums);
    file = folder.resolve("file.packed");
    Files.write(file, header.encoded().array());
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(header.length());
    }
  }

  private static int checksumOfZeros(int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(bytes));
    return (int) crc.getValue();
  }

  private void write(long at) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(at);
      raw.write(1);
    }
  }

  private PackedCheck join() throws IOException {
    PackedCheck check = PackedCheck.join(file, header);
    check.begin();
    return check;
  }

  @Test
  void findsAByteInAnyChunk() throws IOException {
    long data = header.dataOffset();
    for (long at : new long[] {data, data + 7L * PackedHeader.CHUNK_BYTES, header.length() - 1}) {
      makeFile();
      write(at);
      PackedCheck check = join();
      assertThatThrownBy(() -> check.result().join()).hasMessageContaining("damaged");
      assertThat(file).doesNotExist();
      check.leave();
    }
  }

  @Test
  void findsAFileCutShort() throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(header.length() - 1);
    }
    PackedCheck check = join();
    assertThatThrownBy(() -> check.result().join()).hasMessageContaining("cut short");
    check.leave();
  }

  @Test
  void goesOnWhileAnyoneUsesTheFile() throws IOException {
    PackedCheck first = join();
    PackedCheck second = join();
    assertThat(second).isSameAs(first);
    first.leave();
    second.result().join();
    second.leave();
    assertThat(join()).isSameAs(first);
  }

  @Test
  void readsTheFileThatItOpened() throws IOException {
    write(header.length() - 1);
    PackedCheck check = PackedCheck.join(file, header);
    Path next = Files.writeString(folder.resolve("next"), "packed again by another process");
    Files.move(next, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    check.begin();
    assertThatThrownBy(() -> check.result().join()).hasMessageContaining("damaged");
    assertThat(file).hasContent("packed again by another process");
    check.leave();
  }

  @Test
  void needNotBegin() throws IOException {
    PackedCheck check = PackedCheck.join(file, header);
    check.leave();
    assertThat(check.result()).isNotDone();
    assertThat(PackedCheck.join(file, header)).isNotSameAs(check);
  }

  @Test
  void beginsAnewWhereAllLeftBeforeItsEnd() throws IOException {
    for (int i = 0; i < 50; i++) {
      join().leave();
    }
    PackedCheck last = join();
    last.result().join();
    last.leave();
  }
}
