package io.sparkllama.engine.fuzz;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.DoubleStream;

/**
 * Answers rows with an adapter beside a tiny model, in native code, as an executor does. Weights
 * may be any numbers, or none: an answer may then be an error, but of its row alone.
 */
final class AdapterUse {
  private static final String NAME = "hostile";
  private static final SamplingParams GREEDY = SamplingParams.greedy(2);

  private AdapterUse() {}

  /** Opens an adapter and answers with it; the folder has its model. */
  static void of(Path adapter) {
    Path folder = adapter.getParent();
    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(1)
            .withBatchLimits(4, 16, 16)
            .withCacheDirectory(folder.resolve("cache"))
            .withIsolation(Isolation.NONE) // native code that crashes is to end the test
            .withAdapters(List.of(new AdapterFile(NAME, adapter, 1)));
    ModelFile model = ModelFile.open(folder.resolve(HostileFile.GGUF.fileName()));
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      List<CompletableFuture<GenerationResult>> answers =
          DoubleStream.of(0, 0.9).mapToObj(t -> engine.generate(request(t))).toList();
      answers.forEach(answer -> requireNoOtherError(answer.join()));
    }
  }

  private static GenerationRequest request(double temperature) {
    SamplingParams sampling =
        new SamplingParams(
            temperature,
            GREEDY.topK(),
            GREEDY.topP(),
            GREEDY.minP(),
            GREEDY.seed(),
            GREEDY.maxTokens(),
            GREEDY.stopStrings(),
            GREEDY.stopTokens(),
            GREEDY.penalties());
    return new GenerationRequest(
            new RowKey(0, 0), Prompt.ofTemplate("aa"), sampling, OverlongPolicy.ERROR)
        .withAdapter(Optional.of(NAME));
  }

  private static void requireNoOtherError(GenerationResult result) {
    Optional<RowError> error = result.error();
    if (error.isPresent() && !error.get().errorClass().equals(RowError.NAN_LOGITS)) {
      throw new AssertionError("the row has an error: " + error.get());
    }
  }
}
