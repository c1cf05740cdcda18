package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a model to this host once, whatever the number of processes that ask, and hands out its
 * verified copy.
 *
 * <p>The copy is private to the cache, since a file that is cut short while it is mapped ends the
 * process. The directory holds:
 *
 * <pre>
 *   KEY/            a whole model: its files and their manifest; comes into being by one rename
 *   KEY.incoming/   a copy under way, or one that was interrupted; the next copy goes on with it
 *   locks/KEY       held while a copy is made (exclusive) or verified (shared)
 *   sources/KEY     the manifest that a source had at its length and time of modification
 *   KEY/packed/     the model as kernels read it, which goes with it ({@link PackedModel})
 *   uses/KEY/       who uses the model, and when it was used last ({@link CacheUse})
 * </pre>
 *
 * <p>Every call hashes the whole copy once: damage on the disk is found before the model is used,
 * and the copy is made anew.
 */
public final class ModelStore {
  private static final Logger LOG = LoggerFactory.getLogger(ModelStore.class);
  private static final Duration PATIENCE = Duration.ofHours(2);

  private final Path directory;
  private final Path locks;
  private final Path sources;
  private final CopySettings settings;

  /**
   * @param directory the cache; made where it is missing
   */
  public ModelStore(Path directory) {
    this(directory, CopySettings.STANDARD);
  }

  ModelStore(Path directory, CopySettings settings) {
    this.settings = settings;
    this.directory = directory.toAbsolutePath().normalize();
    this.locks = this.directory.resolve("locks");
    this.sources = this.directory.resolve("sources");
  }

  /**
   * Brings a model here and tells what it is: the driver's call. A source that was read before, and
   * has kept its length and time of modification, is not read again.
   *
   * @throws InvalidConfigurationException where the model is missing, or the cache cannot hold it
   * @throws IOException where the source cannot be read; trying again may help
   */
  public LocalModel localize(ModelSource source) throws IOException {
    return localize(source, manifest -> true);
  }

  /**
   * Brings a model here and refuses it where its SHA-256 differs.
   *
   * @param sha256 64 hexadecimal digits: of the file, or of a split model's files in order
   */
  public LocalModel localize(ModelSource source, String sha256) throws IOException {
    String wanted = sha256.strip().toLowerCase(java.util.Locale.ROOT);
    if (!ModelManifest.isSha256(wanted)) {
      throw new InvalidConfigurationException(
          "model.sha256 must be 64 hexadecimal digits, as sha256sum prints them: " + sha256);
    }
    return localize(source, manifest -> manifest.sha256().equals(wanted));
  }

  private LocalModel localize(ModelSource source, Predicate<ModelManifest> wanted)
      throws IOException {
    List<ModelSource.Part> parts = partsOf(source);
    makeDirectories();
    Path index = sources.resolve(sourceKey(source, parts));
    try (CacheLock lock = lock(index.getFileName().toString(), CacheLock.Mode.EXCLUSIVE)) {
      Optional<ModelManifest> known = readManifest(index).filter(wanted);
      if (known.isPresent()) {
        try (CacheLock content = lock(known.get().key(), CacheLock.Mode.SHARED)) {
          if (CachedFiles.check(home(known.get()), known.get()).isWhole()) {
            return localModel(known.get());
          }
        }
      }
      Path incoming = directory.resolve(index.getFileName() + ".incoming");
      Supply supply = supply(source, parts);
      ModelManifest manifest = fetch(supply, incoming, wanted);
      if (!wanted.test(manifest)) {
        throw new InvalidConfigurationException(
            "the model's SHA-256 is not the one that model.sha256 asks for; correct the key, or put"
                + " the right model in place: "
                + source.location()
                + " has "
                + manifest.sha256());
      }
      try (CacheLock content = lock(manifest.key(), CacheLock.Mode.EXCLUSIVE)) {
        install(incoming, manifest);
        CachedFiles.replace(index, manifest.text());
        return localModel(manifest);
      }
    } catch (IOException e) {
      throw CacheTrouble.explain(e, directory);
    }
  }

  /**
   * Brings exactly this model here: an executor's call, with what the driver saw. The source is not
   * touched where this host has the model.
   *
   * @throws InvalidConfigurationException where the source is no longer what the driver saw, is out
   *     of this host's reach, or the cache cannot hold it
   * @throws IOException where the source cannot be read; trying again may help
   */
  public LocalModel localize(ModelSource source, ModelManifest expected) throws IOException {
    return localize(expected, source.location(), () -> supply(source, expected));
  }

  /**
   * Brings exactly this model here as it is delivered. Nobody is asked for it where this host has
   * it.
   *
   * @throws InvalidConfigurationException where what was delivered is another model, or the cache
   *     cannot hold it
   * @throws IOException where the delivery failed; trying again may help
   */
  public LocalModel localize(ModelDelivery.Sender sender, ModelManifest expected)
      throws IOException {
    Supply supply =
        new Supply(
            sender.location(),
            expected.files(),
            sender.rangeBytes(),
            expected.key(),
            () -> new DeliveryFetch(sender),
            () -> {}); // its chunks come from the driver's copy, which nobody replaces
    return localize(expected, sender.location(), () -> supply);
  }

  /** Looks a source up; done under the lock, by the one process that needs it. */
  @FunctionalInterface
  private interface Lookup {
    Supply supply() throws IOException;
  }

  private LocalModel localize(ModelManifest expected, String location, Lookup lookup)
      throws IOException {
    makeDirectories();
    while (true) {
      CachedFiles.State seen;
      try (CacheLock lock = lock(expected.key(), CacheLock.Mode.SHARED)) {
        seen = CachedFiles.check(home(expected), expected);
        if (seen.isWhole()) {
          return localModel(expected);
        }
      } catch (IOException e) {
        throw CacheTrouble.explain(e, directory);
      }
      try (CacheLock lock = lock(expected.key(), CacheLock.Mode.EXCLUSIVE)) {
        // Those that waited while another process copied verify beside each other, not in a row.
        boolean madeMeanwhile =
            seen == CachedFiles.State.ABSENT && CachedFiles.isComplete(home(expected), expected);
        if (!madeMeanwhile) {
          fetchExpected(expected, location, lookup);
          return localModel(expected);
        }
      } catch (IOException e) {
        throw CacheTrouble.explain(e, directory);
      }
    }
  }

  private void fetchExpected(ModelManifest expected, String location, Lookup lookup)
      throws IOException {
    if (CachedFiles.check(home(expected), expected).isWhole()) {
      return;
    }
    Path incoming = directory.resolve(expected.key() + ".incoming");
    if (!fetch(lookup.supply(), incoming, expected::equals).equals(expected)) {
      throw changed(location);
    }
    install(incoming, expected);
  }

  /**
   * Is what a copy is made from.
   *
   * @param rangeBytes what is brought, and noted, as one
   * @param origin names the source in its present state, as a plain name
   * @param afterwards is asked when all is read
   */
  private record Supply(
      String location,
      List<ModelManifest.Entry> files,
      int rangeBytes,
      String origin,
      FetchOpener fetch,
      Inspection afterwards) {
    long length() {
      return files.stream().mapToLong(ModelManifest.Entry::length).reduce(0, Math::addExact);
    }
  }

  @FunctionalInterface
  private interface FetchOpener {
    RangeFetch open() throws IOException;
  }

  /** Refuses a source that is no longer what was to be copied. */
  @FunctionalInterface
  private interface Inspection {
    void inspect() throws IOException;
  }

  private Supply supply(ModelSource source, List<ModelSource.Part> parts) {
    String origin = sourceKey(source, parts);
    return new Supply(
        source.location(),
        entries(parts),
        settings.rangeBytes(),
        origin,
        () -> SourceFetch.of(source.location(), parts, settings),
        () -> {
          if (!sourceKey(source, partsOf(source)).equals(origin)) {
            throw changed(source.location()); // what was copied may be a mix of both
          }
        });
  }

  private Supply supply(ModelSource source, ModelManifest expected) throws IOException {
    List<ModelSource.Part> parts = partsOf(source);
    if (!entries(parts).equals(expected.files())) {
      throw changed(source.location());
    }
    return supply(source, parts);
  }

  private static List<ModelManifest.Entry> entries(List<ModelSource.Part> parts) {
    return parts.stream().map(part -> new ModelManifest.Entry(part.name(), part.length())).toList();
  }

  private static InvalidConfigurationException changed(String location) {
    return new InvalidConfigurationException(
        "the model is no longer the one that the job started with; leave it as it is while a job"
            + " runs, and start the job again: "
            + location);
  }

  private static List<ModelSource.Part> partsOf(ModelSource source) throws IOException {
    try {
      return source.parts();
    } catch (FileNotFoundException | java.nio.file.NoSuchFileException e) {
      throw new InvalidConfigurationException(
          "the model is not there, seen from host "
              + hostName()
              + "; correct the key model.path, or put the model where every host can read it: "
              + e.getMessage(),
          e);
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationException(e.getMessage(), e);
    }
  }

  private static String hostName() {
    try {
      return java.net.InetAddress.getLocalHost().getHostName();
    } catch (java.net.UnknownHostException e) {
      LOG.debug("This host does not know its own name", e);
      return "(without a name)";
    }
  }

  /**
   * Brings a copy, or the rest of one that was interrupted. One that is not what is wanted is
   * removed, and made once more where a part of it came from an earlier try, whose source may have
   * been another.
   */
  private ModelManifest fetch(Supply supply, Path incoming, Predicate<ModelManifest> wanted)
      throws IOException {
    if (supply.length() > Files.getFileStore(directory).getTotalSpace()) {
      CacheTrouble.requireRoom(directory, supply.length()); // before its ranges take memory
    }
    while (true) {
      IncomingCopy copy =
          IncomingCopy.open(incoming, supply.files(), supply.rangeBytes(), supply.origin());
      ModelManifest manifest = complete(copy, supply, incoming);
      if (wanted.test(manifest)) {
        return manifest;
      }
      CachedFiles.deleteTree(incoming);
      if (!copy.isResumed()) {
        return manifest;
      }
      LOG.warn("A copy that was gone on with is not the model, and is made anew: {}", incoming);
    }
  }

  private ModelManifest complete(IncomingCopy copy, Supply supply, Path incoming)
      throws IOException {
    LOG.info(
        "Copying the model to this host: {} bytes of {} from {} to {}",
        copy.missingBytes(),
        supply.length(),
        supply.location(),
        directory);
    long start = System.nanoTime();
    ModelManifest manifest;
    try {
      makeRoom(copy.missingBytes(), incoming);
      manifest = new ModelCopy(copy, supply.files()).complete(supply.fetch().open());
      supply.afterwards().inspect();
    } catch (IOException e) {
      copy.close();
      throw passing(e, incoming); // and what has come stays, to go on with
    } catch (RuntimeException e) {
      copy.close();
      discard(incoming, e);
      throw e;
    }
    LOG.info(
        "Copied the model to this host in {} s, SHA-256 {}",
        Duration.ofNanos(System.nanoTime() - start).toSeconds(),
        manifest.sha256());
    return manifest;
  }

  private void makeRoom(long bytes, Path incoming) throws IOException {
    new CacheSweep(directory, Instant.now()).makeRoom(bytes, CachedModel.name(incoming));
    CacheTrouble.requireRoom(directory, bytes);
  }

  /** Returns a failure that may pass; throws one that will not, and gives its space back. */
  private IOException passing(IOException failure, Path incoming) {
    try {
      return CacheTrouble.explain(failure, directory);
    } catch (InvalidConfigurationException hopeless) {
      discard(incoming, hopeless);
      throw hopeless;
    }
  }

  /** Gives back the space of a copy that failed: on a full disk others need it. */
  private static void discard(Path incoming, Exception failure) {
    try {
      CachedFiles.deleteTree(incoming);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  /** Gives a finished copy its place; the caller holds the model's lock. */
  private void install(Path incoming, ModelManifest manifest) throws IOException {
    Path home = home(manifest);
    CachedFiles.State state = CachedFiles.check(home, manifest);
    if (state.isWhole()) {
      CachedFiles.deleteTree(incoming);
      return;
    }
    if (state == CachedFiles.State.DAMAGED) {
      LOG.warn("The copy of the model on this host was damaged and is made anew: {}", home);
    }
    CachedFiles.deleteTree(home);
    Files.move(incoming, home, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    CachedFiles.syncDirectory(directory);
  }

  private void makeDirectories() {
    try {
      Files.createDirectories(locks);
      Files.createDirectories(sources);
    } catch (IOException e) {
      throw CacheTrouble.unusable(e, directory);
    }
  }

  private CacheLock lock(String key, CacheLock.Mode mode) throws IOException {
    return CacheLock.acquire(locks.resolve(key), mode, PATIENCE);
  }

  private Path home(ModelManifest manifest) {
    return directory.resolve(manifest.key());
  }

  private LocalModel localModel(ModelManifest manifest) throws IOException {
    CacheUse.touch(directory, manifest.key());
    return new LocalModel(home(manifest).resolve(manifest.files().get(0).name()), manifest);
  }

  private static Optional<ModelManifest> readManifest(Path file) throws IOException {
    return CachedFiles.readText(file).flatMap(ModelManifest::parse);
  }

  private static String sourceKey(ModelSource source, List<ModelSource.Part> parts) {
    MessageDigest digest = ModelManifest.newDigest();
    digest.update(source.location().getBytes(StandardCharsets.UTF_8));
    for (ModelSource.Part part : parts) {
      String line = "\n" + part.length() + " " + part.modifiedMillis() + " " + part.name();
      digest.update(line.getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
