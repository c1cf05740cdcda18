package io.sparkllama.engine.store;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Finds the directory that holds models on this host. */
public final class CacheDirectory {
  /** The job's key for a directory other than the default. */
  public static final String KEY = "model.cache-directory";

  /** The key with its option, for messages that reach users of both. */
  static final String SETTING = KEY + " (--cache-directory on the command line)";

  private CacheDirectory() {}

  /**
   * Returns the first of these that can be written to, and makes it: {@code
   * $XDG_CACHE_HOME/spark-llama}, {@code ~/.cache/spark-llama}, {@code /var/tmp/spark-llama-USER}
   * (a service's user often has no home). Never the JVM's temporary folder: cluster managers give
   * each executor its own, and a host would hold a copy for each.
   */
  public static Path standard() {
    List<Path> candidates = new ArrayList<>();
    String cacheHome = System.getenv("XDG_CACHE_HOME");
    if (cacheHome != null && Path.of(cacheHome).isAbsolute()) {
      candidates.add(Path.of(cacheHome, "spark-llama"));
    }
    Path home = Path.of(System.getProperty("user.home", ""));
    if (home.isAbsolute()) {
      candidates.add(home.resolve(".cache").resolve("spark-llama"));
    }
    candidates.add(Path.of("/var/tmp", "spark-llama-" + System.getProperty("user.name", "")));
    return firstWritable(candidates);
  }

  static Path firstWritable(List<Path> candidates) {
    List<String> reasons = new ArrayList<>();
    for (Path candidate : candidates) {
      try {
        Files.createDirectories(candidate);
        if (isOurs(candidate)) {
          return candidate;
        }
        reasons.add(candidate + " (not writable, or another user's)");
      } catch (IOException e) {
        reasons.add(candidate + " (" + e.getClass().getSimpleName() + ")");
      }
    }
    throw new InvalidConfigurationException(
        "no directory can hold the model on this host; set "
            + SETTING
            + " to one that can be written to; tried: "
            + String.join(", ", reasons));
  }

  /**
   * Tells whether this process may write here and no other user made the directory: a model that
   * another user can replace while it is mapped could end this process.
   */
  private static boolean isOurs(Path directory) throws IOException {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      return false;
    }
    Path probe = Files.createTempFile(directory, "probe", "");
    try {
      return Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(probe));
    } finally {
      Files.delete(probe);
    }
  }
}
