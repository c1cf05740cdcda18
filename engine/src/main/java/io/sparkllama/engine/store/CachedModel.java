package io.sparkllama.engine.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Is what a cache holds of one model: a copy with its packed weights, the packed weights of a model
 * that lies elsewhere, or a copy that was interrupted.
 *
 * @param name in the cache
 * @param folder holds it, and nothing else
 * @param bytes on the disk
 */
public record CachedModel(Path cache, String name, Path folder, long bytes, Instant lastUse) {
  private static final Logger LOG = LoggerFactory.getLogger(CachedModel.class);
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");
  private static final String INCOMING = ".incoming";

  /** Lists what a cache holds, the one that was not used for longest first. */
  public static List<CachedModel> of(Path cache) throws IOException {
    List<CachedModel> models = new ArrayList<>();
    addAll(models, cache, cache);
    addAll(models, cache, cache.resolve(PackedPlace.FOLDER_NAME));
    models.sort(Comparator.comparing(CachedModel::lastUse));
    return models;
  }

  private static void addAll(List<CachedModel> models, Path cache, Path parent) throws IOException {
    if (!Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent)) {
      for (Path folder : folders) {
        if (NAME.matcher(name(folder)).matches()
            && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
          addIfThere(models, cache, folder);
        }
      }
    }
  }

  private static void addIfThere(List<CachedModel> models, Path cache, Path folder)
      throws IOException {
    try {
      String name = name(folder);
      Instant own = Files.getLastModifiedTime(folder).toInstant();
      Optional<Instant> used =
          isInterrupted(folder) ? Optional.empty() : CacheUse.last(cache, name);
      models.add(new CachedModel(cache, name, folder, bytes(folder), used.orElse(own)));
    } catch (NoSuchFileException e) {
      LOG.debug("Another process has just finished or removed a model: {}", folder, e);
    }
  }

  /** Returns the name in the cache of what a folder holds, whole or not. */
  static String name(Path folder) {
    String file = folder.getFileName().toString();
    return isInterrupted(folder) ? file.substring(0, file.length() - INCOMING.length()) : file;
  }

  private static boolean isInterrupted(Path folder) {
    return folder.toString().endsWith(INCOMING);
  }

  /** Counts what is there: other processes rename and remove files meanwhile. */
  private static long bytes(Path folder) throws IOException {
    AtomicLong sum = new AtomicLong();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            sum.addAndGet(attributes.isRegularFile() ? attributes.size() : 0);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
    return sum.get();
  }

  /** Tells whether a process that lives has it open. */
  public boolean isUsed() throws IOException {
    return CacheUse.isGoingOn(cache, name);
  }

  /** Returns the name of a copy's file, or says what else this is. */
  public String title() throws IOException {
    if (isInterrupted(folder)) {
      return "(a copy under way, or interrupted)";
    }
    return CachedFiles.readText(folder.resolve(ModelManifest.FILE_NAME))
        .flatMap(ModelManifest::parse)
        .map(manifest -> manifest.files().get(0).name())
        .orElse("(packed weights of a model elsewhere)");
  }

  /**
   * Removes it, unless a process copies, verifies, packs or uses it, or has used it since this was
   * looked up.
   *
   * @return whether it is gone
   */
  public boolean remove() throws IOException {
    Path locks = Files.createDirectories(cache.resolve("locks"));
    Optional<CacheLock> copying =
        CacheLock.tryAcquire(locks.resolve(name), CacheLock.Mode.EXCLUSIVE);
    if (copying.isEmpty()) {
      return false;
    }
    try (CacheLock held = copying.get()) {
      Optional<CacheLock> packing =
          CacheLock.tryAcquire(PackedPlace.lockFile(cache, name), CacheLock.Mode.EXCLUSIVE);
      if (packing.isEmpty()) {
        return false;
      }
      try (CacheLock heldToo = packing.get()) {
        if (CacheUse.isGoingOn(cache, name) || wasUsedSince()) {
          return false;
        }
        CachedFiles.deleteTree(folder);
        if (!isInterrupted(folder)) { // the use is one of the whole copy, which may be there too
          CacheUse.forget(cache, name);
        }
        return true;
      }
    }
  }

  private boolean wasUsedSince() throws IOException {
    return !isInterrupted(folder)
        && CacheUse.last(cache, name).filter(last -> last.isAfter(lastUse)).isPresent();
  }
}
