package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Writes, checks and removes what lies in a model cache. */
final class CachedFiles {
  private static final int BUFFER_BYTES = 1 << 20;

  /** No manifest is longer: 99,999 parts with names of 160 bytes. */
  private static final long MAX_TEXT_BYTES = 16 << 20;

  private CachedFiles() {}

  /** Tells what lies in a model's place. */
  enum State {
    ABSENT,
    DAMAGED,
    WHOLE;

    boolean isWhole() {
      return this == WHOLE;
    }
  }

  /** Compares a model's place with its manifest, byte for byte by SHA-256. */
  static State check(Path home, ModelManifest manifest) throws IOException {
    if (!Files.isDirectory(home, LinkOption.NOFOLLOW_LINKS)) {
      return State.ABSENT;
    }
    return isComplete(home, manifest) && sha256(home, manifest).equals(manifest.sha256())
        ? State.WHOLE
        : State.DAMAGED;
  }

  /** Tells whether a model's place has its manifest and files of the right lengths. */
  static boolean isComplete(Path home, ModelManifest manifest) throws IOException {
    if (!readText(home.resolve(ModelManifest.FILE_NAME)).equals(Optional.of(manifest.text()))) {
      return false;
    }
    for (ModelManifest.Entry entry : manifest.files()) {
      Path file = home.resolve(entry.name());
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || Files.size(file) != entry.length()) {
        return false;
      }
    }
    return true;
  }

  private static String sha256(Path home, ModelManifest manifest) throws IOException {
    MessageDigest digest = ModelManifest.newDigest();
    byte[] buffer = new byte[BUFFER_BYTES];
    for (ModelManifest.Entry entry : manifest.files()) {
      try (InputStream in = Files.newInputStream(home.resolve(entry.name()))) {
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
          digest.update(buffer, 0, count);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Reads a small file; empty where there is none, or none that this cache could have written. */
  static Optional<String> readText(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        || Files.size(file) > MAX_TEXT_BYTES) {
      return Optional.empty();
    }
    return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
  }

  /** Writes a new file that is on the disk when this returns. */
  static void write(Path file, String text) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }

  /** Replaces a file in one step; the caller holds its lock. */
  static void replace(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".incoming");
    write(next, text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    syncDirectory(file.getParent());
  }

  /** Puts a directory's entries on the disk, so that a rename outlives a loss of power. */
  static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static void makeReadOnly(Path file) throws IOException {
    if (Files.getFileAttributeView(file, PosixFileAttributeView.class) != null) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    }
  }

  /** Removes a directory and what is in it; nothing where there is none. Follows no links. */
  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    List<Path> paths;
    try (Stream<Path> walk = Files.walk(root)) {
      paths = walk.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    for (Path path : paths) {
      Files.delete(path);
    }
  }
}
