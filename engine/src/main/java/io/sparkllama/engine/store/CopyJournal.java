package io.sparkllama.engine.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Notes which ranges of a copy were written, and the CRC-32C of each, so that an interrupted copy
 * goes on.
 *
 * <p>Nothing is forced to the disk: after a loss of power a note may stand for bytes that are not
 * there. So a note is a claim, and who goes on compares the range with its CRC first.
 */
final class CopyJournal implements Closeable {
  /** Stands beside the files while they are copied. */
  static final String FILE_NAME = "copy.journal";

  private static final Pattern NOTE = Pattern.compile("range (\\d{1,9}) ([0-9a-f]{1,8})");

  private final FileChannel channel;

  private CopyJournal(FileChannel channel) {
    this.channel = channel;
  }

  /** Names what a copy is of: notes of another source, or of other ranges, count for nothing. */
  static String firstLine(String origin, int rangeBytes) {
    return "spark-llama copy 1 of " + origin + " in ranges of " + rangeBytes;
  }

  /**
   * Reads the notes of an interrupted copy: CRC-32C by range. Empty where there was none, or one of
   * something else. A line that was cut short is not counted.
   */
  static Optional<Map<Integer, Integer>> read(Path directory, String firstLine) throws IOException {
    Optional<String> text = CachedFiles.readText(directory.resolve(FILE_NAME));
    if (text.isEmpty() || !text.get().startsWith(firstLine + "\n")) {
      return Optional.empty();
    }
    Map<Integer, Integer> notes = new HashMap<>();
    String[] lines = text.get().split("\n", -1);
    for (int i = 1; i < lines.length - 1; i++) { // what follows the last line's end is no line
      Matcher note = NOTE.matcher(lines[i]);
      if (note.matches()) {
        notes.put(Integer.parseInt(note.group(1)), Integer.parseUnsignedInt(note.group(2), 16));
      }
    }
    return Optional.of(notes);
  }

  /** Begins a journal, in the place of any other. */
  static CopyJournal create(Path directory, String firstLine) throws IOException {
    CachedFiles.write(directory.resolve(FILE_NAME), firstLine + "\n");
    return append(directory);
  }

  /** Goes on with a journal that was read. */
  static CopyJournal append(Path directory) throws IOException {
    CopyJournal journal =
        new CopyJournal(
            FileChannel.open(
                directory.resolve(FILE_NAME), StandardOpenOption.WRITE, StandardOpenOption.APPEND));
    try {
      journal.line(""); // ends a line that was cut short
      return journal;
    } catch (IOException e) {
      journal.close();
      throw e;
    }
  }

  /** Notes that a range is written. */
  void add(int range, int crc) throws IOException {
    line("range " + range + " " + Integer.toHexString(crc));
  }

  private synchronized void line(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
