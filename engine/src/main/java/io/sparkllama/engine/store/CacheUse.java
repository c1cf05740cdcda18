package io.sparkllama.engine.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Marks that a process uses what a cache holds of a model, so that it is not removed meanwhile, and
 * when it was used last.
 *
 * <p>A use is a file of its own in {@code uses/NAME}, locked while it lasts: the system frees the
 * lock of a process that dies. Where it is the use of one file of the model, the mark's name begins
 * with what names that file. The folder's time of modification is that of the last use.
 */
public final class CacheUse implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(CacheUse.class);

  private final Path mark;
  private final Optional<CacheLock> lock;

  private CacheUse(Path mark, Optional<CacheLock> lock) {
    this.mark = mark;
    this.lock = lock;
  }

  /** Begins a use of a copy that lies in a cache. */
  public static CacheUse of(LocalModel model) {
    Path home = model.path().toAbsolutePath().getParent();
    return begin(home.getParent(), home.getFileName().toString());
  }

  /**
   * Begins a use. A cache that cannot be written to has nothing removed either, so that one without
   * a mark is as good there.
   *
   * @param name of the model in the cache
   */
  static CacheUse begin(Path cache, String name) {
    return mark(folder(cache, name), UUID.randomUUID().toString());
  }

  /**
   * Begins a use of one file of a model, which is one of the model, too.
   *
   * @param part names the file, without a dot
   */
  static CacheUse begin(Path cache, String name, String part) {
    return mark(folder(cache, name), part + "." + UUID.randomUUID());
  }

  private static CacheUse mark(Path folder, String fileName) {
    Path mark = folder.resolve(fileName);
    try {
      Files.createDirectories(folder);
      // Nobody else knows the name yet: it is free.
      return new CacheUse(mark, CacheLock.tryAcquire(mark, CacheLock.Mode.EXCLUSIVE));
    } catch (IOException e) {
      LOG.debug("The use of a model is not marked: {}", folder, e);
      return new CacheUse(mark, Optional.empty());
    }
  }

  /** Notes that a model is used now. */
  static void touch(Path cache, String name) throws IOException {
    Path folder = Files.createDirectories(folder(cache, name));
    Files.setLastModifiedTime(folder, FileTime.from(Instant.now()));
  }

  /** Returns when a model was used last; empty where nobody has noted it. */
  static Optional<Instant> last(Path cache, String name) throws IOException {
    try {
      return Optional.of(Files.getLastModifiedTime(folder(cache, name)).toInstant());
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /** Tells whether a process that lives uses a model. Marks of dead ones are left as they are. */
  static boolean isGoingOn(Path cache, String name) throws IOException {
    return isAnyHeld(folder(cache, name), "");
  }

  /** Tells whether a process that lives uses one file of a model. */
  static boolean isGoingOn(Path cache, String name, String part) throws IOException {
    return isAnyHeld(folder(cache, name), part + ".");
  }

  private static boolean isAnyHeld(Path folder, String prefix) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> marks = Files.newDirectoryStream(folder)) {
      for (Path mark : marks) {
        if (mark.getFileName().toString().startsWith(prefix) && CacheLock.isHeld(mark)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Forgets all of a model that is removed. */
  static void forget(Path cache, String name) throws IOException {
    CachedFiles.deleteTree(folder(cache, name));
  }

  private static Path folder(Path cache, String name) {
    return cache.resolve("uses").resolve(name);
  }

  /** Ends the use. */
  @Override
  public void close() {
    try {
      if (lock.isPresent()) {
        Files.deleteIfExists(mark);
        lock.get().close();
      }
    } catch (IOException e) {
      LOG.warn("The mark of a model's use stays until the model is removed: {}", mark, e);
    }
  }
}
