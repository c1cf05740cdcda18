package io.sparkllama.engine.jni;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Holds the library of kernels for GPUs until the worker process has opened it: the one found in
 * the configured folder, or the one in a jar of its own, which comes beside the engine's. This
 * process never loads it. Closing deletes what was extracted.
 */
public final class CudaLibrary implements AutoCloseable {
  static final String FILE_NAME = "libsparkllama_cuda.so";
  private static final String DIRECTORY_SUFFIX = "-cuda";

  private final Path path;
  private final Optional<Path> folder; // that was made for it

  private CudaLibrary(Path path, Optional<Path> folder) {
    this.path = path;
    this.folder = folder;
  }

  /**
   * Finds or extracts the library.
   *
   * @param directory where it is found, or else extracted; empty takes the system's temporary
   *     folder
   * @throws InvalidConfigurationException where there is none for this platform, where it is of
   *     another build, or where it cannot be written there
   */
  public static CudaLibrary find(Optional<Path> directory) {
    Optional<Path> found = directory.map(in -> in.resolve(FILE_NAME)).filter(Files::exists);
    try {
      return found.isPresent() ? found(found.get()) : extracted(directory);
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The CUDA library could not be read or extracted: set engine.native-dir to a folder that"
              + " this user may write to, or to one that holds "
              + FILE_NAME
              + " of this build: "
              + e,
          e);
    }
  }

  private static CudaLibrary found(Path library) throws IOException {
    NativeLibrary.requireSameBuild(
        NativeLibrary.markedId(Files.readAllBytes(library)), library.toString());
    return new CudaLibrary(library.toAbsolutePath(), Optional.empty());
  }

  private static CudaLibrary extracted(Optional<Path> directory) throws IOException {
    String platform = NativeLibrary.platform();
    NativeLibrary.Packaged packaged =
        NativeLibrary.described(platform + DIRECTORY_SUFFIX)
            .orElseThrow(
                () ->
                    new InvalidConfigurationException(
                        "There is no CUDA library for this platform on the class path: add the jar"
                            + " of spark-llama-engine with the classifier cuda-"
                            + platform
                            + " (spark-submit --jars, spark.executor.extraClassPath), name a folder"
                            + " that holds "
                            + FILE_NAME
                            + " by engine.native-dir, or set engine.device to cpu"));
    NativeLibrary.requireSameBuild(packaged.buildId(), "the jar with the CUDA library");
    byte[] content = packaged.content(FILE_NAME, packaged.sha256());
    Path folder = NativeLibrary.newFolder(directory).toAbsolutePath();
    CudaLibrary library = new CudaLibrary(folder.resolve(FILE_NAME), Optional.of(folder));
    try {
      Files.write(library.path, content);
      return library;
    } catch (IOException | RuntimeException e) {
      library.close();
      throw e;
    }
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    if (folder.isEmpty()) {
      return;
    }
    try {
      Files.deleteIfExists(path);
      Files.deleteIfExists(folder.get());
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The CUDA library could not be deleted again: see to the folder's permissions: "
              + path
              + ": "
              + e,
          e);
    }
  }
}
