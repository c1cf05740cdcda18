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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
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

  @Test
  void anOptionGivesTheWindowThatAFileDoesNotSay() throws IOException {
    FamilyModel mistral =
        FamilyModel.all()
            .filter(family -> family.name().equals("mistral"))
            .findFirst()
            .orElseThrow();
    Path folder = Files.createDirectory(directory.resolve("without-window"));
    for (String name : List.of("model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
      Files.copy(mistral.folder().resolve(name), folder.resolve(name));
    }
    String config = Files.readString(mistral.folder().resolve("config.json"));
    assertThat(config).contains("\"sliding_window\": 24");
    Files.writeString(
        folder.resolve("config.json"),
        config.replace("\"sliding_window\": 24", "\"sliding_window\": null"));
    Path file = new FamilyModel("without-window", folder).gguf(directory);
    List<FamilyModel.Case> cases = mistral.cases();
    FamilyModel.Case longest = cases.get(cases.size() - 1);
    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(2)
            .withKvCacheType(KvCacheType.F32)
            .withCacheDirectory(directory);
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      assertThat(complete(engine, longest).tokens()).isNotEqualTo(longest.greedyIds());
    }
    try (LlamaEngine engine = LlamaEngine.open(file, options.withSlidingWindow(24))) {
      compare(engine, cases);
    }
  }

  private static GenerationResult complete(LlamaEngine engine, FamilyModel.Case expected) {
    return engine
        .generate(
            new GenerationRequest(
                new RowKey(0, 0),
                Prompt.ofTemplate(expected.prompt()),
                SamplingParams.greedy(expected.greedyIds().length),
                OverlongPolicy.ERROR))
        .join();
  }

  private static void compare(LlamaEngine engine, List<FamilyModel.Case> cases) {
    for (FamilyModel.Case expected : cases) {
      GenerationResult result = complete(engine, expected);
      assertThat(result.promptTokens()).isEqualTo(expected.promptIds().length);
      assertThat(result.tokens()).as(expected.prompt()).isEqualTo(expected.greedyIds());
      assertThat(result.text()).isEqualTo(expected.greedyText());
    }
  }
}
