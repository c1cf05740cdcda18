package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds where the library for GPUs is found, and what is said where it is not. */
class CudaLibraryTest {
  @TempDir Path folder;

  private Path library(String buildId) throws IOException {
    return Files.writeString(
        folder.resolve("libsparkllama_cuda.so"), "code sparkllama-build-id:" + buildId + " code");
  }

  private static String buildId() {
    return NativeLibrary.packaged(NativeLibrary.platform()).buildId();
  }

  @Test
  void theOneInTheFolderIsTakenAndStays() throws IOException {
    Path placed = library(buildId());
    try (CudaLibrary found = CudaLibrary.find(Optional.of(folder))) {
      assertThat(found.path()).isEqualTo(placed.toAbsolutePath());
    }
    assertThat(placed).exists();
  }

  @Test
  void oneOfAnotherBuildIsRefused() throws IOException {
    Path placed = library("0".repeat(64));
    assertThatThrownBy(() -> CudaLibrary.find(Optional.of(folder)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("is of another build than these classes")
        .hasMessageContaining(placed.toString());
  }

  /** The engine's own jar holds none: it comes in a jar beside it. */
  @Test
  void whereThereIsNoneTheSentenceNamesTheWaysOut() {
    assertThatThrownBy(() -> CudaLibrary.find(Optional.of(folder)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll(
            "classifier cuda-" + NativeLibrary.platform(),
            "libsparkllama_cuda.so",
            "engine.native-dir",
            "set engine.device to cpu");
    assertThat(folder).isEmptyDirectory();
  }
}
