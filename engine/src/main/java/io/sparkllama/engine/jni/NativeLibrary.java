package io.sparkllama.engine.jni;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/**
 * Loads the native library: the one found in the configured folder, or the one in the jar.
 *
 * <p>The jar's library is written to a folder that only its owner may enter and that no other
 * process knows, loaded, and deleted again: processes that start at once cannot meet, and nothing
 * is left behind. A library of another build is refused before any of its code runs.
 */
public final class NativeLibrary {
  static final String FILE_NAME = "libsparkllama.so";
  private static final String RESOURCES = "/io/sparkllama/engine/native/";

  /** Platforms that there can be libraries for; a release holds all of them. */
  private static final List<String> BUILT = List.of("linux-x86_64", "linux-aarch64");

  private static final String MARKER = "sparkllama-build-id:";
  private static final int ID_LENGTH = 64;

  private NativeLibrary() {}

  /**
   * Binds the native methods; does nothing where they are bound already.
   *
   * @param directory where the library is found, or else extracted; empty takes the system's
   *     temporary folder
   * @throws InvalidConfigurationException where there is none for this platform, where the folder
   *     forbids execution, or where the library is of another build
   */
  public static synchronized void load(Optional<Path> directory) {
    Packaged packaged = packaged(platform());
    if (isBound()) {
      requireSameBuild(packaged.buildId(), RunnerNatives.buildId(), "the library loaded before");
      return;
    }
    try {
      Path found = directory.map(folder -> folder.resolve(FILE_NAME)).orElse(null);
      if (found != null && Files.exists(found)) {
        loadFound(found, packaged);
      } else {
        loadExtracted(directory, packaged);
      }
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The native library could not be extracted: set engine.native-dir to a folder that this"
              + " user may write to: "
              + e,
          e);
    }
  }

  private static boolean isBound() {
    try {
      return RunnerNatives.buildId() != null;
    } catch (UnsatisfiedLinkError e) {
      return false; // the only way to ask
    }
  }

  private static void loadFound(Path library, Packaged packaged) throws IOException {
    requireSameBuild(packaged.buildId(), markedId(Files.readAllBytes(library)), library.toString());
    link(library);
  }

  private static void loadExtracted(Optional<Path> directory, Packaged packaged)
      throws IOException {
    byte[] content = packaged.content();
    Path folder = newFolder(directory);
    Path library = folder.resolve(FILE_NAME);
    try {
      Files.write(library, content);
      link(library);
    } finally {
      Files.deleteIfExists(library);
      Files.deleteIfExists(folder);
    }
  }

  /** Makes a folder for what comes out of the jar, which is its owner's alone. */
  static Path newFolder(Optional<Path> directory) throws IOException {
    Path parent =
        directory.isPresent()
            ? directory.get()
            : Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath();
    if (!Files.isDirectory(parent)) {
      throw new InvalidConfigurationException(
          "The folder for the native library does not exist: set engine.native-dir to a folder that"
              + " does: "
              + parent);
    }
    return Files.createTempDirectory(parent, "sparkllama-");
  }

  /**
   * Refuses native code of another build than these classes.
   *
   * @param actual its build id
   * @param origin names it in the message
   * @throws InvalidConfigurationException where the ids differ
   */
  public static void requireSameBuild(String actual, String origin) {
    requireSameBuild(packaged(platform()).buildId(), actual, origin);
  }

  private static void link(Path library) {
    try {
      System.load(library.toAbsolutePath().toString());
    } catch (UnsatisfiedLinkError e) {
      throw new InvalidConfigurationException(
          linkFailure(library.toAbsolutePath().getParent(), String.valueOf(e.getMessage())), e);
    } catch (LinkageError e) {
      throw new InvalidConfigurationException(
          "The native library does not fit these classes: take both from one build: " + library, e);
    }
  }

  /**
   * Says what to do about what the system's loader said. That of glibc names the version that it
   * lacks; musl's has two beginnings of its own.
   */
  static String linkFailure(Path folder, String loader) {
    boolean library =
        Stream.of("GLIBC_", "Error loading shared library", "Error relocating")
            .anyMatch(loader::contains);
    return library
        ? "The native library needs another C library than this system has: run it where there is"
            + " glibc 2.28 or later (Alpine has none) and take a release's jar, or build the jar"
            + " there from its sources (mvn -DskipTests package): "
            + loader
        : "The native library could not be loaded. If its folder forbids execution (noexec), set"
            + " engine.native-dir to one that does not: "
            + folder
            + ": "
            + loader;
  }

  private static void requireSameBuild(String expected, String actual, String origin) {
    if (!expected.equals(actual)) {
      throw new InvalidConfigurationException(
          "The native library is of another build than these classes: take both from one build, or"
              + " unset engine.native-dir to take the jar's own: "
              + origin
              + " has build id "
              + actual
              + ", expected "
              + expected);
    }
  }

  /** Returns the build id that stands in a library's bytes, or a word for its absence. */
  static String markedId(byte[] library) {
    String text = new String(library, StandardCharsets.ISO_8859_1);
    int at = text.indexOf(MARKER);
    int end = at + MARKER.length() + ID_LENGTH;
    return at < 0 || end > text.length() ? "none" : text.substring(at + MARKER.length(), end);
  }

  /** Returns the name under which the jar holds libraries for this machine. */
  static String platform() {
    String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
    String processor = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return system + "-" + (processor.equals("amd64") ? "x86_64" : processor);
  }

  static Packaged packaged(String platform) {
    return described(platform)
        .orElseThrow(
            () ->
                new InvalidConfigurationException(
                    "This jar holds no native library for this platform: run it on one of those"
                        + " that it holds, or on Linux on x86_64 or aarch64 build it there from its"
                        + " sources (mvn -DskipTests package): this is "
                        + platform
                        + ", and it holds "
                        + String.join(", ", held())));
  }

  /** Reads what a jar says of the native code in one of its folders; empty where there is none. */
  static Optional<Packaged> described(String directory) {
    try (InputStream in = resource(directory, "native.properties")) {
      if (in == null) {
        return Optional.empty();
      }
      Properties properties = new Properties();
      properties.load(in);
      return Optional.of(
          new Packaged(
              directory,
              properties.getProperty("build-id"),
              properties.getProperty("sha256"),
              properties.getProperty("worker-sha256")));
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The jar's description of the native library cannot be read: install the jar again: " + e,
          e);
    }
  }

  private static List<String> held() {
    return BUILT.stream()
        .filter(platform -> NativeLibrary.class.getResource(RESOURCES + platform) != null)
        .toList();
  }

  private static InputStream resource(String platform, String name) {
    return NativeLibrary.class.getResourceAsStream(RESOURCES + platform + "/" + name);
  }

  /**
   * Describes native code that a jar holds.
   *
   * @param workerSha256 null where no worker lies beside the library
   */
  record Packaged(String directory, String buildId, String sha256, String workerSha256) {
    /** Reads the library and checks that it is whole. */
    byte[] content() throws IOException {
      return content(FILE_NAME, sha256);
    }

    /** Reads the worker's executable and checks that it is whole. */
    byte[] worker() throws IOException {
      return content(WorkerExecutable.FILE_NAME, workerSha256);
    }

    /** Reads a file and checks that it is whole. */
    byte[] content(String name, String expected) throws IOException {
      try (InputStream in = resource(directory, name)) {
        byte[] content = in == null ? new byte[0] : in.readAllBytes();
        String actual =
            HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        if (!actual.equals(expected)) {
          throw new InvalidConfigurationException(
              "The jar's native library is damaged: install the jar again: SHA-256 of "
                  + name
                  + " is "
                  + actual
                  + ", expected "
                  + expected);
        }
        return content;
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("Every Java platform has SHA-256", e);
      }
    }
  }
}
