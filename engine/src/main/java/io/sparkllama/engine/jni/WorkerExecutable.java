package io.sparkllama.engine.jni;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * Holds the worker's executable until a process runs it: the one found in the configured folder, or
 * the one in the jar, in a folder that only its owner may enter. Closing deletes what was
 * extracted; a process that runs it goes on.
 */
public final class WorkerExecutable implements AutoCloseable {
  static final String FILE_NAME = "sparkllama-worker";

  private final Path path;
  private final Optional<Path> folder; // that was made for it

  private WorkerExecutable(Path path, Optional<Path> folder) {
    this.path = path;
    this.folder = folder;
  }

  /**
   * Finds or extracts the executable.
   *
   * @param directory where it is found, or else extracted; empty takes the system's temporary
   *     folder
   * @throws InvalidConfigurationException where there is none for this platform, or it cannot be
   *     written there
   */
  public static WorkerExecutable find(Optional<Path> directory) {
    Optional<Path> found = directory.map(in -> in.resolve(FILE_NAME)).filter(Files::exists);
    if (found.isPresent()) {
      return new WorkerExecutable(found.get().toAbsolutePath(), Optional.empty());
    }
    NativeLibrary.Packaged packaged = NativeLibrary.packaged(NativeLibrary.platform());
    try {
      byte[] content = packaged.worker();
      Path folder = NativeLibrary.newFolder(directory).toAbsolutePath();
      WorkerExecutable executable =
          new WorkerExecutable(folder.resolve(FILE_NAME), Optional.of(folder));
      try {
        Files.write(executable.path, content);
        Files.setPosixFilePermissions(
            executable.path, PosixFilePermissions.fromString("rwx------"));
        return executable;
      } catch (IOException | RuntimeException e) {
        executable.close();
        throw e;
      }
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "The worker's executable could not be extracted: set engine.native-dir to a folder that"
              + " this user may write to: "
              + e,
          e);
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
          "The worker's executable could not be deleted again: see to the folder's permissions: "
              + path
              + ": "
              + e,
          e);
    }
  }
}
