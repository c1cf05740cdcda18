package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Is what a cache holds of one model: a copy with its packed weights, the packed weights of a model
 * that lies elsewhere, or a copy that was interrupted.
 *
 * @param name in the cache
 * @param folder holds it, and nothing else
 * @param bytes on the disk
 */
public record CachedModel(Path cache, String name, Path folder, long bytes, Instant lastUse) {
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
        String file = folder.getFileName().toString();
        boolean interrupted = file.endsWith(INCOMING);
        String name = interrupted ? file.substring(0, file.length() - INCOMING.length()) : file;
        if (NAME.matcher(name).matches() && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
          Instant own = Files.getLastModifiedTime(folder).toInstant();
          Optional<Instant> used = interrupted ? Optional.empty() : CacheUse.last(cache, name);
          models.add(new CachedModel(cache, name, folder, bytes(folder), used.orElse(own)));
        }
      }
    }
  }

  private static long bytes(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      long sum = 0;
      for (Path path : (Iterable<Path>) walk::iterator) {
        sum += Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) ? size(path) : 0;
      }
      return sum;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static long size(Path path) throws IOException {
    try {
      return Files.size(path);
    } catch (NoSuchFileException e) {
      return 0; // renamed by who has just finished it
    }
  }

  /** Tells whether a process that lives has it open. */
  public boolean isUsed() throws IOException {
    return CacheUse.isGoingOn(cache, name);
  }

  private boolean isInterrupted() {
    return folder.toString().endsWith(INCOMING);
  }

  /** Returns the name of a copy's file, or says what else this is. */
  public String title() throws IOException {
    if (isInterrupted()) {
      return "(a copy under way, or interrupted)";
    }
    return CachedFiles.readText(folder.resolve(ModelManifest.FILE_NAME))
        .flatMap(ModelManifest::parse)
        .map(manifest -> manifest.files().get(0).name())
        .orElse("(packed weights of a model elsewhere)");
  }

  /**
   * Removes it, unless a process copies, verifies, packs or uses it.
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
        if (CacheUse.isGoingOn(cache, name)) {
          return false;
        }
        CachedFiles.deleteTree(folder);
        if (!isInterrupted()) { // the use is one of the whole copy, which may be there too
          CacheUse.forget(cache, name);
        }
        return true;
      }
    }
  }
}
