package io.sparkllama.engine.importer.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes torch files with defects, instruction by instruction. */
public final class TorchBytes {
  private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

  public TorchBytes() {
    pickle.write(0x80);
    pickle.write(2);
  }

  /** Appends bytes, given as Latin-1 text. */
  public TorchBytes raw(String latin1) {
    pickle.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  public TorchBytes text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    pickle.write('X');
    pickle.writeBytes(
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array());
    pickle.writeBytes(bytes);
    return this;
  }

  public TorchBytes number(int number) {
    pickle.write('J');
    pickle.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(number).array());
    return this;
  }

  TorchBytes longNumber(long number) {
    pickle.write(0x8a);
    pickle.write(Long.BYTES);
    pickle.writeBytes(
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
    return this;
  }

  /** Appends a matrix in a storage of floats. */
  public TorchBytes matrix(
      String key, int storageElements, int offset, int[] shape, int[] strides) {
    storage(key, storageElements).number(offset);
    number(shape[0]).number(shape[1]).raw("\u0086");
    number(strides[0]).number(strides[1]).raw("\u0086");
    return raw("\u0089ccollections\nOrderedDict\n)RtR");
  }

  /** Appends a vector at the beginning of a storage of floats. */
  public TorchBytes vector(String key, int storageElements, int elements) {
    storage(key, storageElements).number(0);
    number(elements).raw("\u0085").number(1).raw("\u0085");
    return raw("\u0089ccollections\nOrderedDict\n)RtR");
  }

  private TorchBytes storage(String key, int elements) {
    raw("ctorch._utils\n_rebuild_tensor_v2\n((");
    text("storage").raw("ctorch\nFloatStorage\n").text(key).text("cpu").number(elements);
    return raw("tQ");
  }

  public byte[] bytes() {
    return pickle.toByteArray();
  }

  /** Returns an archive of stored entries, given as names and contents in turn. */
  public static byte[] archive(Object... namesAndContents) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (int i = 0; i < namesAndContents.length; i += 2) {
        byte[] content = (byte[]) namesAndContents[i + 1];
        ZipEntry entry = new ZipEntry((String) namesAndContents[i]);
        entry.setTimeLocal(LocalDateTime.of(2000, 1, 1, 0, 0)); // the same bytes every time
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
      }
    }
    return out.toByteArray();
  }
}
