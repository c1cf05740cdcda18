package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damages checkpoints at random: each is imported or refused, and nothing else happens. */
@Timeout(120)
class ImportFuzzTest {
  private static final int CASES = 150;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "mistral", "torch", "meta"})
  void damagedFilesAreRefusedOrHarmless(String kind) throws IOException {
    Random random = new Random(kind.hashCode());
    Path checkpoint = TestCheckpoints.copy(kind, folder);
    Path output = folder.resolve("out.gguf");
    List<Path> files;
    try (Stream<Path> all = Files.list(checkpoint)) {
      files = all.sorted().toList();
    }
    int refused = 0;
    for (int i = 0; i < CASES; i++) {
      Path file = files.get(random.nextInt(files.size()));
      byte[] original = Files.readAllBytes(file);
      Files.write(file, damaged(original, random));
      try {
        new ModelImporter(checkpoint, Optional.empty()).write(output, (written, total) -> {});
        assertThat(output).exists();
        Files.delete(output);
      } catch (ModelFormatException e) {
        assertThat(e).hasMessageNotContaining("Exception");
        refused++;
      }
      assertThat(output).doesNotExist();
      assertThat(folder.resolve("out.gguf.part")).doesNotExist();
      Files.write(file, original);
    }
    assertThat(refused).isGreaterThan(CASES / 10);
  }

  /** Changes, cuts or repeats a few bytes; most often near the beginning or the end. */
  private static byte[] damaged(byte[] original, Random random) {
    byte[] bytes = original.clone();
    switch (random.nextInt(4)) {
      case 0 -> {
        return Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      case 1 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      case 2 -> {
        int near = random.nextInt(Math.min(bytes.length, 400));
        bytes[random.nextBoolean() ? near : bytes.length - 1 - near] ^=
            (byte) (1 << random.nextInt(8));
      }
      default -> {
        int from = random.nextInt(bytes.length);
        int length = random.nextInt(Math.min(16, bytes.length - from) + 1);
        System.arraycopy(bytes, random.nextInt(bytes.length - length + 1), bytes, from, length);
      }
    }
    return bytes;
  }
}
