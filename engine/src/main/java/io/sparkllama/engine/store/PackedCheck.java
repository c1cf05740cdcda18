package io.sparkllama.engine.store;

import io.sparkllama.engine.api.EngineFailedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares a packed file with its checksums, on a thread of its own while the file is in use:
 * reading all of it first would keep a job waiting. A file that differs is deleted.
 *
 * <p>A process reads each file once at most, whatever the number of engines that use it, and none
 * that it has written itself.
 */
final class PackedCheck {
  private static final Logger LOG = LoggerFactory.getLogger(PackedCheck.class);
  private static final int BUFFER_BYTES = 1 << 20;

  /**
   * What this process knows of files: static, as engines that follow one another have nothing else
   * in common. Guarded by itself.
   */
  private static final Map<Stamp, PackedCheck> KNOWN = new HashMap<>();

  /** Is one state of a file: what replaces it, or is written to it, makes another. */
  private record Stamp(Path file, Object node, FileTime modified) {
    static Stamp of(Path file) throws IOException {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return new Stamp(file, attributes.fileKey(), attributes.lastModifiedTime());
    }
  }

  private final Stamp stamp;
  private final CompletableFuture<Void> result = new CompletableFuture<>();
  // Guarded by KNOWN.
  private Optional<Reading> toRead;
  private int users;
  private volatile boolean cancelled;

  /** Is what a check that has not begun will read: the very file, whatever has its name by then. */
  private record Reading(FileChannel channel, PackedHeader header) {}

  private PackedCheck(Stamp stamp, Optional<Reading> toRead) {
    this.stamp = stamp;
    this.toRead = toRead;
  }

  /** Takes note of a file that this process has just written, and has the checksums of. */
  static PackedCheck written(Path file) throws IOException {
    PackedCheck check = new PackedCheck(Stamp.of(file), Optional.empty());
    check.result.complete(null);
    synchronized (KNOWN) {
      KNOWN.put(check.stamp, check);
    }
    return check;
  }

  /**
   * Opens a file, or joins those who read it; each user ends with {@link #leave}.
   *
   * @throws java.nio.file.NoSuchFileException where another has found it damaged meanwhile
   */
  static PackedCheck join(Path file, PackedHeader header) throws IOException {
    Stamp stamp = Stamp.of(file);
    synchronized (KNOWN) {
      PackedCheck known = KNOWN.get(stamp);
      if (known == null) {
        known = new PackedCheck(stamp, Optional.of(new Reading(FileChannel.open(file), header)));
        KNOWN.put(stamp, known);
      }
      known.users++;
      return known;
    }
  }

  /** Begins to read, unless that was begun: not before the caller has mapped the file. */
  void begin() {
    synchronized (KNOWN) {
      toRead.ifPresent(reading -> start(reading.channel(), reading.header()));
      toRead = Optional.empty();
    }
  }

  /**
   * Returns what completes when the file has been read, with an {@link EngineFailedException} where
   * it is damaged; for reading only. It never completes where all users have left before, or where
   * this process lacks the means to read it.
   */
  CompletableFuture<Void> result() {
    return result;
  }

  /** Ends the reading where nobody else wants it; does not wait for it. */
  void leave() {
    synchronized (KNOWN) {
      users--;
      if (users == 0 && !result.isDone()) {
        cancelled = true;
        KNOWN.remove(stamp, this);
        toRead.ifPresent(reading -> close(reading.channel()));
        toRead = Optional.empty();
      }
    }
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("The packed model was not closed", e);
    }
  }

  private void start(FileChannel channel, PackedHeader header) {
    Thread thread = new Thread(() -> run(channel, header), "sparkllama-check");
    thread.setDaemon(true);
    thread.setPriority(Thread.MIN_PRIORITY);
    thread.start();
  }

  private void run(FileChannel channel, PackedHeader header) {
    try (channel) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
      long position = header.dataOffset();
      for (int chunk = 0; chunk < header.checksums().length; chunk++) {
        long end = Math.min(position + PackedHeader.CHUNK_BYTES, header.length());
        if (checksum(channel, position, end, buffer) != header.checksums()[chunk]) {
          fail("bytes " + position + " to " + end + " differ from their checksum", null);
          return;
        }
        position = end;
      }
      LOG.debug("The packed model on this host is whole: {}", stamp.file());
      result.complete(null);
    } catch (CancelledException e) {
      LOG.debug("Nobody uses the packed model any more: {}", stamp.file(), e);
    } catch (IOException e) {
      fail("it cannot be read: " + e, e);
    } catch (RuntimeException | Error e) {
      // No fault of the file's, such as memory that is short: the next engine's open tries again.
      forget();
      LOG.warn("The packed model was not compared with its checksums: {}", stamp.file(), e);
    }
  }

  private int checksum(FileChannel channel, long start, long end, ByteBuffer buffer)
      throws IOException {
    CRC32C crc = new CRC32C();
    for (long position = start; position < end; position += buffer.limit()) {
      if (cancelled) {
        throw new CancelledException();
      }
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, end - position));
      if (!PackedHeader.readFully(channel, buffer, position)) {
        throw new IOException("it is cut short");
      }
      crc.update(buffer);
    }
    return (int) crc.getValue();
  }

  private void fail(String reason, Throwable cause) {
    forget();
    boolean deleted = deleteIfSame();
    EngineFailedException failure =
        new EngineFailedException(
            "the packed model on this host is damaged, so answers may be wrong; "
                + (deleted
                    ? "it was deleted, and the next start packs it again: "
                    : "delete it, and the next start packs it again: ")
                + stamp.file()
                + " ("
                + reason
                + ")",
            cause);
    LOG.error("The packed model on this host is damaged: {} ({})", stamp.file(), reason);
    result.completeExceptionally(failure);
  }

  private void forget() {
    synchronized (KNOWN) {
      KNOWN.remove(stamp, this);
    }
  }

  /** Another process may have found the same and have packed the model again. */
  private boolean deleteIfSame() {
    try {
      if (Files.exists(stamp.file()) && Stamp.of(stamp.file()).equals(stamp)) {
        Files.delete(stamp.file());
      }
      return true;
    } catch (IOException e) {
      LOG.warn("The damaged packed model cannot be deleted: {}", stamp.file(), e);
      return false;
    }
  }

  /** Ends the reading. */
  private static final class CancelledException extends IOException {
    private static final long serialVersionUID = 1;
  }
}
