package io.sparkllama.engine.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Reads every committed input without a fuzzer, and holds the seeds to {@link SeedFiles}. {@code
 * -Dsparkllama.update-seeds=true} writes them anew.
 */
class SeedCorpusTest {
  private static final Path RESOURCES =
      Path.of("src/test/resources").resolve(HostileFile.class.getPackageName().replace('.', '/'));

  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void seedsAreValidAndCommitted(HostileFile file) throws IOException {
    Path inputs = RESOURCES.resolve(file.inputs());
    HostileFile.Trial trial = file.in(folder);
    for (Map.Entry<String, byte[]> seed : SeedFiles.of(file).entrySet()) {
      Path committed = inputs.resolve(seed.getKey());
      if (Boolean.getBoolean("sparkllama.update-seeds")) {
        Files.createDirectories(inputs);
        Files.write(committed, seed.getValue());
      }
      assertThat(committed).hasBinaryContent(seed.getValue());
      assertThat(trial.accepts(seed.getValue()))
          .as("%s, %s", file, seed.getKey())
          .isEqualTo(seed.getKey().startsWith("seed-"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyInputIsReadOrRefused(HostileFile file) throws IOException {
    HostileFile.Trial trial = file.in(folder);
    List<Path> inputs;
    try (Stream<Path> all = Files.list(RESOURCES.resolve(file.inputs()))) {
      inputs = all.sorted().toList();
    }
    assertThat(inputs).isNotEmpty();
    for (Path input : inputs) {
      try {
        trial.accepts(Files.readAllBytes(input));
      } catch (Throwable e) {
        throw new AssertionError("the input breaks its reader: " + input, e);
      }
    }
  }
}
