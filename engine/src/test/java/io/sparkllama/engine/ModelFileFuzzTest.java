package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.model.TinyModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damages whole models at random: each opens or is refused with a sentence, nothing else. */
class ModelFileFuzzTest {
  private static final long SEED = 20260101;

  @TempDir Path directory;

  @Test
  void aTinyModelDamaged() throws IOException {
    damage(new TinyModel().write(directory), 1500, 3000);
  }

  @Test
  void aRealModelDamaged() throws IOException {
    damage(SharedData.path("models/stories260K.ggml-org.gguf"), 16_000, 600);
  }

  @Test
  void aRealModelOfCharactersDamaged() throws IOException {
    damage(SharedData.path("models/babyllama105.f32.gguf"), 6_000, 600);
  }

  private void damage(Path original, int headerBytes, int rounds) throws IOException {
    byte[] header = new byte[headerBytes];
    Path damaged = directory.resolve("damaged.gguf");
    Files.copy(original, damaged, StandardCopyOption.REPLACE_EXISTING);
    Random random = new Random(SEED);
    int refused = 0;
    try (RandomAccessFile file = new RandomAccessFile(damaged.toFile(), "rw")) {
      file.readFully(header);
      for (int round = 0; round < rounds; round++) {
        byte[] bytes = header.clone();
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
          bytes[8 + random.nextInt(bytes.length - 8)] = (byte) random.nextInt(256);
        }
        file.seek(0);
        file.write(bytes);
        refused += opens(damaged) ? 0 : 1;
      }
    }
    assertThat(refused).isPositive();
  }

  private static boolean opens(Path path) {
    try {
      ModelFile.open(path);
      return true;
    } catch (ModelFormatException e) {
      assertThat(e.getMessage()).contains(path.toString()).hasSizeLessThan(2000);
      return false;
    }
  }
}
