package io.sparkllama.job.durable;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Reads and writes the file of a lock. On a local disk it goes past Hadoop, which neither creates a
 * file exclusively there nor replaces one at once.
 */
final class LockFile {
  /** An object store refuses a read in which the file is replaced, as a renewal does. */
  private static final int READS = 5;

  private final StoredPath file;
  private final Path local; // null where the file is in another storage

  LockFile(StoredPath file) {
    this.file = file;
    this.local = file.local().orElse(null);
  }

  /** Returns the bytes there are; empty where there is no file. */
  Optional<byte[]> read() throws IOException {
    if (local == null) {
      return readStored();
    }
    try {
      return Optional.of(Files.readAllBytes(local));
    } catch (NoSuchFileException absent) {
      return Optional.empty();
    }
  }

  private Optional<byte[]> readStored() throws IOException {
    for (int read = 1; ; read++) {
      try {
        return file.bytes();
      } catch (IOException replaced) {
        if (read == READS) {
          throw replaced;
        }
      }
    }
  }

  /** Creates the file; tells whether there was none. */
  boolean create(byte[] bytes) throws IOException {
    if (local != null) {
      Files.createDirectories(local.getParent());
      try {
        Files.write(local, bytes, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        return true;
      } catch (FileAlreadyExistsException | NoSuchFileException there) {
        return false; // or a run that ends is removing the folder
      }
    }
    try (OutputStream out = file.fileSystem().create(file.path(), false)) {
      out.write(bytes);
      return true;
    } catch (org.apache.hadoop.fs.FileAlreadyExistsException there) {
      return false;
    } catch (IOException refused) {
      if (file.exists()) { // each storage has its own words for it
        return false;
      }
      throw refused;
    }
  }

  /** Replaces the file. */
  void replace(byte[] bytes) throws IOException {
    if (local != null) {
      Path begun = local.resolveSibling("." + local.getFileName() + ".new");
      Files.write(begun, bytes);
      Files.move(begun, local, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return;
    }
    try (OutputStream out = file.fileSystem().create(file.path(), true)) {
      out.write(bytes);
    }
  }

  /** Removes the file; fine where there is none. */
  void delete() throws IOException {
    if (local != null) {
      Files.deleteIfExists(local);
      return;
    }
    try {
      file.delete();
    } catch (FileNotFoundException gone) {
      // someone else has removed it
    }
  }

  @Override
  public String toString() {
    return file.toString();
  }
}
