package io.sparkllama.engine.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.zip.CRC32C;

/**
 * Is the directory of a copy under way: a model's files as far as they are written, and the journal
 * of their ranges. Threads write different ranges at once; after {@link #close} none writes.
 */
final class IncomingCopy implements Closeable {
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path directory;
  private final List<ModelManifest.Entry> files;
  private final List<ModelRange> ranges;
  private final Map<Integer, Integer> claimed; // CRC-32C by range
  private final CopyJournal journal;

  /** Writers share it, so that who ends the copy waits for writes, and for nothing else. */
  private final ReadWriteLock use = new ReentrantReadWriteLock();

  private boolean closed; // guarded by the lock

  private IncomingCopy(
      Path directory,
      List<ModelManifest.Entry> files,
      List<ModelRange> ranges,
      Map<Integer, Integer> claimed,
      CopyJournal journal) {
    this.directory = directory;
    this.files = files;
    this.ranges = ranges;
    this.claimed = claimed;
    this.journal = journal;
  }

  /**
   * Goes on with the copy that lies in a directory, or begins one where there is none of the same
   * origin.
   *
   * @param origin names the source and its state
   */
  static IncomingCopy open(
      Path directory, List<ModelManifest.Entry> files, int rangeBytes, String origin)
      throws IOException {
    String firstLine = CopyJournal.firstLine(origin, rangeBytes);
    List<ModelRange> ranges = ModelRange.of(files, rangeBytes);
    Optional<Map<Integer, Integer>> notes = CopyJournal.read(directory, firstLine);
    if (notes.isPresent()) {
      CopyJournal journal = CopyJournal.append(directory);
      return new IncomingCopy(directory, files, ranges, notes.get(), journal);
    }
    CachedFiles.deleteTree(directory);
    Files.createDirectory(directory);
    CopyJournal journal = CopyJournal.create(directory, firstLine);
    return new IncomingCopy(directory, files, ranges, Map.of(), journal);
  }

  List<ModelRange> ranges() {
    return ranges;
  }

  /** Returns how many bytes are still to come, by what the journal claims. */
  long missingBytes() {
    return ranges.stream()
        .filter(range -> !claimed.containsKey(range.index()))
        .mapToLong(ModelRange::length)
        .sum();
  }

  /** Tells whether anything was there already. */
  boolean isResumed() {
    return !claimed.isEmpty();
  }

  /** Tells whether a range was written before this copy was interrupted, by its bytes. */
  boolean holds(ModelRange range) throws IOException {
    Integer crc = claimed.get(range.index());
    if (crc == null || !Files.isRegularFile(file(range.part()), LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    CRC32C found = new CRC32C();
    return read(range, (bytes, count) -> found.update(bytes, 0, count))
        && (int) found.getValue() == crc;
  }

  /** Adds a range that was written to a hash. */
  void digest(ModelRange range, MessageDigest digest) throws IOException {
    if (!read(range, (bytes, count) -> digest.update(bytes, 0, count))) {
      throw new IOException("a file of the copy was cut short meanwhile: " + file(range.part()));
    }
  }

  private interface Sink {
    void take(byte[] bytes, int count);
  }

  /** Reads a range; false where the file ends before it. */
  private boolean read(ModelRange range, Sink sink) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.min(BUFFER_BYTES, range.length()));
    try (FileChannel in = FileChannel.open(file(range.part()), StandardOpenOption.READ)) {
      int done = 0;
      while (done < range.length()) {
        buffer.clear().limit(Math.min(buffer.capacity(), range.length() - done));
        int count = in.read(buffer, range.offset() + done);
        if (count < 0) {
          return false;
        }
        sink.take(buffer.array(), count);
        done += count;
      }
      return true;
    }
  }

  /** Begins to write a range; the caller closes what is returned. */
  RangeWriter write(ModelRange range) throws IOException {
    use.readLock().lock();
    try {
      requireOpen(); // nor may a file come into being in what may be another's by now
      return new RangeWriter(
          range,
          FileChannel.open(
              file(range.part()), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
    } finally {
      use.readLock().unlock();
    }
  }

  /** Writes one range from its beginning to its end. */
  final class RangeWriter implements Closeable {
    private final ModelRange range;
    private final FileChannel out;
    private final CRC32C crc = new CRC32C();
    private int written;

    private RangeWriter(ModelRange range, FileChannel out) {
      this.range = range;
      this.out = out;
    }

    /** Returns the bytes that are written. */
    int written() {
      return written;
    }

    void write(byte[] bytes, int count) throws IOException {
      use.readLock().lock();
      try {
        requireOpen();
        int done = 0;
        while (done < count) {
          // Java copies what it writes out of its heap first: a little at a time.
          ByteBuffer some = ByteBuffer.wrap(bytes, done, Math.min(BUFFER_BYTES, count - done));
          int now = out.write(some, range.offset() + written);
          written += now;
          done += now;
        }
        crc.update(bytes, 0, count);
      } finally {
        use.readLock().unlock();
      }
    }

    /** Notes that the whole range is written. */
    void finish() throws IOException {
      if (written != range.length()) {
        throw new IllegalStateException("a range was not written to its end: " + range);
      }
      use.readLock().lock();
      try {
        requireOpen();
        journal.add(range.index(), (int) crc.getValue());
      } finally {
        use.readLock().unlock();
      }
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  private void requireOpen() throws IOException {
    if (closed) {
      throw new IOException("the copy of the model has ended: " + directory);
    }
  }

  /** Puts the whole copy on the disk, with its manifest, and ends the journal. */
  void finish(ModelManifest manifest) throws IOException {
    for (int part = 0; part < files.size(); part++) {
      try (FileChannel out =
          FileChannel.open(file(part), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        // The file of an earlier, longer try would have a tail.
        out.truncate(files.get(part).length());
        out.force(true);
      }
    }
    close();
    CachedFiles.write(directory.resolve(ModelManifest.FILE_NAME), manifest.text());
    // From here on nobody goes on with it: who opens it begins anew, and can write to its files.
    Files.delete(directory.resolve(CopyJournal.FILE_NAME));
    for (int part = 0; part < files.size(); part++) {
      CachedFiles.makeReadOnly(file(part));
    }
    CachedFiles.syncDirectory(directory);
  }

  private Path file(int part) {
    return directory.resolve(files.get(part).name());
  }

  /** Waits for writes under way; later ones fail. What was written stays, to go on with. */
  @Override
  public void close() throws IOException {
    use.writeLock().lock();
    try {
      closed = true;
      journal.close();
    } finally {
      use.writeLock().unlock();
    }
  }
}
