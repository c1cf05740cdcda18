package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds where the entries of a zip archive lie, as torch writes it: stored, never compressed. So no
 * entry can take more memory than the file has bytes, and each can be read in place.
 */
final class ZipDirectory {
  private static final int END_BYTES = 22;
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int LOCATOR_BYTES = 20;
  private static final int LOCATOR_SIGNATURE = 0x07064b50;
  private static final int LARGE_END_BYTES = 56;
  private static final int LARGE_END_SIGNATURE = 0x06064b50;
  private static final int ENTRY_BYTES = 46;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int LOCAL_BYTES = 30;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LARGE_FIELD = 1; // the extra field that holds numbers of 64 bits
  private static final long SEE_LARGE_FIELD = 0xffff_ffffL;
  private static final int MOST_COMMENT = 0xffff;
  private static final long MOST_DIRECTORY_BYTES = 64 << 20;

  private final Path path;
  private final FileChannel channel;
  private final long fileSize;

  /**
   * Locates one entry.
   *
   * @param header where its local header begins
   * @param offset where its bytes begin
   */
  record Entry(String name, long header, long offset, long size) {}

  private record Place(long offset, long size, long entries) {}

  private ZipDirectory(Path path, FileChannel channel) throws IOException {
    this.path = path;
    this.channel = channel;
    this.fileSize = channel.size();
  }

  /** Returns the entries by name; all lie within the file, and none over another. */
  static Map<String, Entry> read(Path path, FileChannel channel) throws IOException {
    return new ZipDirectory(path, channel).read();
  }

  private Map<String, Entry> read() throws IOException {
    Place place = place();
    if (place.size < 0
        || place.size > MOST_DIRECTORY_BYTES
        || place.offset < 0
        || place.offset > fileSize - place.size
        || place.entries != (place.entries & 0xff_ffff)
        || place.entries * ENTRY_BYTES > place.size) {
      throw failure("has a directory whose place or size cannot be right");
    }
    ByteBuffer directory = bytes(place.offset, (int) place.size);
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (long i = 0; i < place.entries; i++) {
      Entry entry = entry(directory, place.offset);
      if (entries.put(entry.name, entry) != null) {
        throw failure("has two entries of one name, " + printable(entry.name));
      }
    }
    checkOverlaps(new ArrayList<>(entries.values()));
    return entries;
  }

  private Place place() throws IOException {
    if (fileSize < END_BYTES) {
      throw failure("is too short");
    }
    int tailBytes = (int) Math.min(fileSize, END_BYTES + MOST_COMMENT);
    ByteBuffer tail = bytes(fileSize - tailBytes, tailBytes);
    int end = tailBytes - END_BYTES;
    while (end >= 0 && tail.getInt(end) != END_SIGNATURE) {
      end--;
    }
    if (end < 0) {
      throw failure("has no directory at its end; is it complete?");
    }
    long endOffset = fileSize - tailBytes + end;
    if (endOffset >= LOCATOR_BYTES) {
      ByteBuffer locator = bytes(endOffset - LOCATOR_BYTES, LOCATOR_BYTES);
      if (locator.getInt(0) == LOCATOR_SIGNATURE) {
        return largePlace(locator.getLong(8));
      }
    }
    return new Place(
        unsigned(tail.getInt(end + 16)),
        unsigned(tail.getInt(end + 12)),
        Short.toUnsignedInt(tail.getShort(end + 10)));
  }

  private Place largePlace(long offset) throws IOException {
    if (offset < 0 || offset > fileSize - LARGE_END_BYTES) {
      throw failure("has a directory whose place cannot be right");
    }
    ByteBuffer end = bytes(offset, LARGE_END_BYTES);
    if (end.getInt(0) != LARGE_END_SIGNATURE) {
      throw failure("has no directory where it says");
    }
    return new Place(end.getLong(48), end.getLong(40), end.getLong(32));
  }

  private Entry entry(ByteBuffer directory, long directoryOffset) throws IOException {
    int start = directory.position();
    if (directory.remaining() < ENTRY_BYTES || directory.getInt(start) != ENTRY_SIGNATURE) {
      throw failure("has a damaged directory");
    }
    int nameBytes = Short.toUnsignedInt(directory.getShort(start + 28));
    int extraBytes = Short.toUnsignedInt(directory.getShort(start + 30));
    int commentBytes = Short.toUnsignedInt(directory.getShort(start + 32));
    if (directory.remaining() < ENTRY_BYTES + nameBytes + extraBytes + commentBytes) {
      throw failure("has a damaged directory");
    }
    byte[] name = new byte[nameBytes];
    directory.get(start + ENTRY_BYTES, name);
    String text = new String(name, StandardCharsets.UTF_8);
    long[] numbers = { // size, compressed size, place of the local header
      unsigned(directory.getInt(start + 24)),
      unsigned(directory.getInt(start + 20)),
      unsigned(directory.getInt(start + 42))
    };
    readLargeField(directory.slice(start + ENTRY_BYTES + nameBytes, extraBytes), numbers);
    int flags = directory.getShort(start + 8);
    int method = directory.getShort(start + 10);
    if (method != 0 || (flags & 1) != 0 || numbers[0] != numbers[1]) {
      throw failure(
          "has an entry that is compressed or encrypted, which torch never writes, "
              + printable(text));
    }
    directory.position(start + ENTRY_BYTES + nameBytes + extraBytes + commentBytes);
    return located(text, name, numbers, directoryOffset);
  }

  /** Replaces the numbers that 32 bits could not hold. */
  private void readLargeField(ByteBuffer extra, long[] numbers) {
    extra.order(ByteOrder.LITTLE_ENDIAN);
    while (extra.remaining() >= 4) {
      int id = Short.toUnsignedInt(extra.getShort());
      int length = Short.toUnsignedInt(extra.getShort());
      if (length > extra.remaining()) {
        throw failure("has a damaged directory");
      }
      int end = extra.position() + length;
      for (int i = 0; id == LARGE_FIELD && i < numbers.length; i++) {
        if (numbers[i] == SEE_LARGE_FIELD && end - extra.position() >= Long.BYTES) {
          numbers[i] = extra.getLong();
        }
      }
      extra.position(end);
    }
  }

  private Entry located(String text, byte[] name, long[] numbers, long directoryOffset)
      throws IOException {
    long size = numbers[0];
    long header = numbers[2];
    if (header < 0 || header > directoryOffset - LOCAL_BYTES) {
      throw failure("has an entry outside the file, " + printable(text));
    }
    ByteBuffer local = bytes(header, LOCAL_BYTES);
    int nameBytes = Short.toUnsignedInt(local.getShort(26));
    long offset = header + LOCAL_BYTES + nameBytes + Short.toUnsignedInt(local.getShort(28));
    if (local.getInt(0) != LOCAL_SIGNATURE || nameBytes != name.length || local.getShort(8) != 0) {
      throw failure("has an entry that its directory describes wrongly, " + printable(text));
    }
    if (size < 0 || offset > directoryOffset || size > directoryOffset - offset) {
      throw failure("has an entry that ends outside the file, " + printable(text));
    }
    return new Entry(text, header, offset, size);
  }

  private void checkOverlaps(List<Entry> entries) {
    entries.sort(Comparator.comparingLong(Entry::header));
    for (int i = 1; i < entries.size(); i++) {
      Entry previous = entries.get(i - 1);
      if (previous.offset + previous.size > entries.get(i).header) {
        throw failure("has entries that overlap, " + printable(entries.get(i).name));
      }
    }
  }

  private ByteBuffer bytes(long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw new EOFException("the file became shorter while in use: " + path);
      }
    }
    return bytes.flip();
  }

  private static long unsigned(int number) {
    return Integer.toUnsignedLong(number);
  }

  static String printable(String text) {
    String shortened = text.length() > 100 ? text.substring(0, 100) + "…" : text;
    return shortened.replaceAll("[^\\x20-\\x7e…]", "?");
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the torch file " + problem + ": " + path);
  }
}
