package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.GgufFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Chooses the folder of this host that holds a model's packed file, and tells which model it is of.
 * A folder is one model's own: what else is packed there is of an older layout, or of what the
 * model was before.
 */
public final class PackedPlace {
  /** In a cached model's home, so that it goes with the model; and in a cache, for other models. */
  static final String FOLDER_NAME = "packed";

  private final String name;
  private final Path folder;
  private final Path cache;
  private final Supplier<ModelIdentity> identity;

  /**
   * @param name the model's, unique in the cache
   */
  private PackedPlace(String name, Path folder, Path cache, Supplier<ModelIdentity> identity) {
    this.name = name;
    this.folder = folder;
    this.cache = cache;
    this.identity = identity;
  }

  /** Returns the place in a cached model's home. */
  public static PackedPlace beside(LocalModel model) {
    Path home = model.path().toAbsolutePath().getParent();
    return new PackedPlace(
        home.getFileName().toString(),
        home.resolve(FOLDER_NAME),
        home.getParent(),
        () -> ModelIdentity.of(model.manifest()));
  }

  /**
   * Returns the place of a model that lies elsewhere.
   *
   * @param cache a cache directory; made where it is missing
   */
  public static PackedPlace in(Path cache, GgufFile model) {
    Path first = model.parts().get(0);
    String name;
    try {
      name = new ModelIdentity.Digest("path").text(first.toRealPath().toString()).finished();
    } catch (IOException e) {
      throw new InvalidConfigurationException("The model cannot be read: " + first + ": " + e, e);
    }
    Path absolute = cache.toAbsolutePath().normalize();
    return new PackedPlace(
        name, absolute.resolve(FOLDER_NAME).resolve(name), absolute, () -> ModelIdentity.of(model));
  }

  /** Returns the model's name, unique in the cache. */
  String name() {
    return name;
  }

  Path folder() {
    return folder;
  }

  /** Returns the cache directory that the folder belongs to. */
  Path cache() {
    return cache;
  }

  /** Returns the file whose lock is held while something is packed into the folder. */
  Path lockFile() {
    return lockFile(cache, name);
  }

  static Path lockFile(Path cache, String name) {
    return cache.resolve("locks").resolve(FOLDER_NAME + "-" + name);
  }

  /** Marks that this process uses a packed file of the model, until the mark is closed. */
  CacheUse use(PackedKey key) {
    return CacheUse.begin(cache, name, key.text());
  }

  /** Tells whether a process that lives uses a packed file of the model. */
  boolean isUsed(String key) throws IOException {
    return CacheUse.isGoingOn(cache, name, key);
  }

  /** Returns what the model is now: a file that is not in the cache may change at any time. */
  ModelIdentity identity() {
    return identity.get();
  }
}
