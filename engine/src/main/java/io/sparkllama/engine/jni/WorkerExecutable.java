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
   * @throws InvalidConfigurationException where there is none for this platform, where it cannot be
   *     written there, or where the folder holds the library alone
   */
  public static WorkerExecutable find(Optional<Path> directory) {
    Optional<Path> found = directory.map(in -> in.resolve(FILE_NAME)).filter(Files::exists);
    if (found.isPresent()) {
      return new WorkerExecutable(found.get().toAbsolutePath(), Optional.empty());
    }
    requireNoLibrary(directory);
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
              + " this user may write to, or to one that holds "
              + FILE_NAME
              + " and "
              + NativeLibrary.FILE_NAME
              + " of this build; or set engine.isolation to none, at which a fault of native code"
              + " ends this process: "
              + e,
          e);
    }
  }

  /** Whoever puts a library there means it to run: the jar's worker would run instead. */
  private static void requireNoLibrary(Optional<Path> directory) {
    Optional<Path> library = directory.map(in -> in.resolve(NativeLibrary.FILE_NAME));
    if (library.filter(Files::exists).isPresent()) {
      throw new InvalidConfigurationException(
          "The folder of engine.native-dir holds the native library and no worker, in which native"
              + " code would run: put "
              + FILE_NAME
              + " of the same build beside it, or set engine.isolation to none, at which the"
              + " library runs in this process: "
              + library.get());
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
