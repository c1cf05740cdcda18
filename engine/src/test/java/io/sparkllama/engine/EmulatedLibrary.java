package io.sparkllama.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Finds the CUDA library whose kernels run on the processor, as the native build leaves it, or the
 * one that the system property {@code sparkllama.cuda-library} names.
 */
public final class EmulatedLibrary {
  private EmulatedLibrary() {}

  /** Puts it into a folder, for {@code engine.native-dir}; skips the test where there is none. */
  public static void copyTo(Path folder) throws IOException {
    Path built =
        Path.of(
            System.getProperty(
                "sparkllama.cuda-library",
                System.getProperty("sparkllama.basedir")
                    + "/engine/target/native/libsparkllama_cuda_emulated.so"));
    Assumptions.assumeTrue(Files.exists(built), () -> "skipped: no CUDA library at " + built);
    Files.copy(built, folder.resolve("libsparkllama_cuda.so"));
  }
}
