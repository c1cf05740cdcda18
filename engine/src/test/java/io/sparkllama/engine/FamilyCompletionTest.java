package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds greedy completions of each family of models against those of transformers. */
@Timeout(120)
class FamilyCompletionTest {
  @TempDir Path directory;

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.FamilyModel#all")
  void textIsEqual(FamilyModel family) {
    Path file = family.gguf(directory);
    family.cases().stream()
        .collect(Collectors.groupingBy(FamilyModel.Case::contextLength))
        .forEach(
            (contextLength, cases) -> {
              EngineOptions options =
                  EngineOptions.defaults()
                      .withThreads(2)
                      .withKvCacheType(KvCacheType.F32)
                      .withContextLength(contextLength)
                      .withCacheDirectory(directory);
              try (LlamaEngine engine = LlamaEngine.open(file, options)) {
                compare(engine, cases);
              }
            });
  }

  private static void compare(LlamaEngine engine, List<FamilyModel.Case> cases) {
    for (FamilyModel.Case expected : cases) {
      GenerationResult result =
          engine
              .generate(
                  new GenerationRequest(
                      new RowKey(0, 0),
                      Prompt.ofTemplate(expected.prompt()),
                      SamplingParams.greedy(expected.greedyIds().length),
                      OverlongPolicy.ERROR))
              .join();
      assertThat(result.promptTokens()).isEqualTo(expected.promptIds().length);
      assertThat(result.tokens()).as(expected.prompt()).isEqualTo(expected.greedyIds());
      assertThat(result.text()).isEqualTo(expected.greedyText());
    }
  }
}
