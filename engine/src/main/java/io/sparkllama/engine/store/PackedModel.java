package io.sparkllama.engine.store;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.jni.NativeLibrary;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds a model's weights as the kernels read them, in a file that all processes of this host map.
 * The first that needs it makes it, and the others find it or wait for it.
 *
 * <p>The folder of {@link PackedPlace} holds:
 *
 * <pre>
 *   cpu-KEY.packed     the whole file; comes into being by one rename
 *   cpu-KEY.incoming   one under way, or one that was interrupted; the next overwrites it
 * </pre>
 *
 * <p>Whoever opens it closes it, after the last use of the file.
 */
public final class PackedModel implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PackedModel.class);
  private static final Duration PATIENCE = Duration.ofHours(2);
  private static final String PREFIX = PackedKey.DEVICE + "-";
  private static final String PACKED = ".packed";

  private final Path file;
  private final PackedPlan plan;
  private final PackedCheck check;
  private final CacheUse use;
  private boolean closed;

  private PackedModel(Path file, PackedPlan plan, PackedCheck check, CacheUse use) {
    this.file = file;
    this.plan = plan;
    this.check = check;
    this.use = use;
  }

  /**
   * Finds the packed file of a model on this host, or makes it: then the weights are read once.
   * {@link #compare} tells whether a file that was found is damaged.
   *
   * @param nativeDirectory as in {@code EngineOptions}; the library is loaded where it must pack
   * @throws io.sparkllama.engine.api.ModelFormatException where the model cannot be read
   * @throws InvalidConfigurationException where the cache directory cannot hold the file, or the
   *     model changes meanwhile
   */
  public static PackedModel open(
      PackedPlace place, GgufFile model, PackedPlan plan, Optional<Path> nativeDirectory) {
    PackedKey key = PackedKey.of(place.identity(), plan);
    CacheUse use = place.use(key);
    boolean opened = false;
    try {
      Path file = place.folder().resolve(PREFIX + key.text() + PACKED);
      Optional<PackedCheck> found = find(file, key, plan);
      PackedCheck check =
          found.isPresent() ? found.get() : make(place, model, plan, nativeDirectory, key, file);
      opened = true;
      return new PackedModel(file, plan, check, use);
    } catch (InterruptedIOException | ClosedByInterruptException e) {
      throw new EngineFailedException(
          "the engine was not opened: it was interrupted while its model was packed", e);
    } catch (IOException e) {
      IOException passing = CacheTrouble.explain(e, place.cache());
      throw new EngineFailedException(
          "the model could not be packed for this host's kernels; start again, and if that does"
              + " not help set model.cache-directory (--cache-directory) to another disk: "
              + passing
              + ", directory "
              + place.cache(),
          passing);
    } finally {
      if (!opened) {
        use.close();
      }
    }
  }

  /**
   * Opens a packed model and lets the caller map it; once more where the file is gone by then, for
   * another process may find it damaged, or of an older layout, and delete it in between.
   *
   * @param opening opens the model as {@link #open} does
   * @param mapping maps the file; throws {@link ModelFormatException} where it cannot
   */
  public static <T> T mapped(Supplier<PackedModel> opening, Function<PackedModel, T> mapping) {
    PackedModel packed = opening.get();
    try {
      return closedOnFailure(packed, mapping);
    } catch (ModelFormatException e) {
      if (Files.exists(packed.file())) {
        throw e;
      }
      LOG.info("The packed model was deleted before it was mapped; it is opened once more", e);
      return closedOnFailure(opening.get(), mapping);
    }
  }

  private static <T> T closedOnFailure(PackedModel packed, Function<PackedModel, T> mapping) {
    try {
      return mapping.apply(packed);
    } catch (RuntimeException | Error e) {
      packed.close();
      throw e;
    }
  }

  private static Optional<PackedCheck> find(Path file, PackedKey key, PackedPlan plan)
      throws IOException {
    try {
      Optional<PackedHeader> header = PackedHeader.read(file, key, plan.length());
      return header.isEmpty()
          ? Optional.empty()
          : Optional.of(PackedCheck.join(file, header.get()));
    } catch (NoSuchFileException e) {
      LOG.debug("The packed model was deleted by who found it damaged: {}", file, e);
      return Optional.empty();
    }
  }

  private static PackedCheck make(
      PackedPlace place,
      GgufFile model,
      PackedPlan plan,
      Optional<Path> nativeDirectory,
      PackedKey key,
      Path file)
      throws IOException {
    NativeLibrary.load(nativeDirectory);
    try {
      Files.createDirectories(place.lockFile().getParent());
      Files.createDirectories(place.folder());
    } catch (FileSystemException e) {
      throw CacheTrouble.unusable(e, place.cache());
    }
    try (CacheLock lock = CacheLock.acquire(place.lockFile(), CacheLock.Mode.EXCLUSIVE, PATIENCE)) {
      Optional<PackedCheck> madeMeanwhile = find(file, key, plan);
      if (madeMeanwhile.isPresent()) {
        return madeMeanwhile.get();
      }
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        LOG.info("The packed model is cut short or damaged and is made anew: {}", file);
      }
      makeWay(place, key);
      new CacheSweep(place.cache(), Instant.now()).makeRoom(plan.length(), place.name());
      CacheTrouble.requireRoom(place.cache(), plan.length());
      write(place, model, plan, key, file);
      return PackedCheck.written(file);
    }
  }

  private static void write(
      PackedPlace place, GgufFile model, PackedPlan plan, PackedKey key, Path file)
      throws IOException {
    Path incoming = place.folder().resolve(PREFIX + key.text() + ".incoming");
    LOG.info(
        "Packing the model for this host's kernels, once: {} bytes from {} to {}",
        plan.length(),
        model.parts().get(0),
        file);
    long start = System.nanoTime();
    try {
      new PackedWriter(model, plan).write(incoming, key);
      if (!PackedKey.of(place.identity(), plan).equals(key)) {
        throw new InvalidConfigurationException(
            "the model changed while it was packed; wait until it is written, and start again: "
                + model.parts().get(0));
      }
      CachedFiles.makeReadOnly(incoming);
      Files.move(
          incoming, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | RuntimeException e) {
      discard(incoming, e);
      throw e;
    }
    CachedFiles.syncDirectory(place.folder());
    double seconds = (System.nanoTime() - start) / 1e9;
    LOG.info(
        "Packed the model in {} s, {} MB/s",
        String.format(Locale.ROOT, "%.1f", seconds),
        Math.round(plan.length() / 1e6 / seconds));
  }

  /** Gives back the space of what failed: on a full disk others need it. */
  private static void discard(Path incoming, Exception failure) {
    try {
      Files.deleteIfExists(incoming);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /**
   * Removes what stands in a new file's place, what an interrupted packing left, and what no
   * process uses any more: an older layout, what the model was before. What another release's
   * processes use stays: they open it again when they start a worker anew. The caller holds the
   * lock.
   */
  private static void makeWay(PackedPlace place, PackedKey key) throws IOException {
    try (Stream<Path> files = Files.list(place.folder())) {
      for (Path file : files.toList()) {
        String name = file.getFileName().toString();
        if (name.startsWith(PREFIX) && !isUsedOther(place, key, name)) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static boolean isUsedOther(PackedPlace place, PackedKey key, String name)
      throws IOException {
    if (!name.endsWith(PACKED)) {
      return false;
    }
    String other = name.substring(PREFIX.length(), name.length() - PACKED.length());
    return !other.equals(key.text()) && place.isUsed(other);
  }

  /** Returns the file's length in bytes. */
  public long length() {
    return plan.length();
  }

  /** Returns the file, which is read only, and is never changed while it has its name. */
  public Path file() {
    return file;
  }

  /** Returns where each weight lies. */
  public List<PackedTensor> tensors() {
    return plan.tensors();
  }

  /**
   * Begins to compare the file with its checksums, in the background, and calls, at once or later
   * and on any thread, where it differs: what was computed from it may be wrong. Calls nobody once
   * this is closed and nobody else uses the file. The caller has mapped it: a damaged one is
   * deleted.
   */
  public void compare(Consumer<EngineFailedException> reaction) {
    compared()
        .exceptionally(
            problem -> {
              reaction.accept((EngineFailedException) problem);
              return null;
            });
  }

  /** Compares the file, and returns what completes then, with an exception where it differs. */
  CompletableFuture<Void> compared() {
    check.begin();
    return check.result();
  }

  /** Ends the comparison; does not wait for it. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      check.leave();
      use.close();
    }
  }
}
