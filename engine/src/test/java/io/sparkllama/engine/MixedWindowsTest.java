package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.runner.NativeModelRunner;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Runs a real model whose layers have windows of their own, so that the KV cache has two groups and
 * sequences two block tables, which the prefix cache and preemption have to keep together.
 */
@Timeout(120)
class MixedWindowsTest {
  private static final int WINDOW = 21; // neither a block nor a multiple of one

  /** What the project promises per token; 32-bit arithmetic stays far below. */
  private static final double PER_TOKEN = 1e-3;

  private static final EngineOptions ONE_BY_ONE =
      EngineOptions.defaults()
          .withThreads(2)
          .withKvCacheType(KvCacheType.F32)
          .withContextLength(128)
          .withBatchLimits(1, 512, 512)
          .withPrefixCache(false);

  /** Bytes of 14 blocks of 16 positions: 5 layers, keys and values, 4 heads of 8 floats. */
  private static final long FOURTEEN_BLOCKS = 14L * 16 * 5 * 2 * 4 * 8 * 4;

  private static final List<String> PROMPTS =
      List.of(
          "Once upon a time, there was a little girl named Lily. She loved to play outside in the"
              + " park with her dog, and one day",
          "Once upon a time, there was a little girl named Lily. She loved to play outside in the"
              + " park with her cat, but it was too",
          "Once upon a time",
          "Tom and Ben went to the big tree. They saw a bird that was very sad because it had lost"
              + " its ball under the tree, and");

  private final ModelFile model = ModelFile.open(SharedData.path("models/stories260K.f32.gguf"));
  private final ModelConfig config =
      model
          .config()
          .withLayers(
              IntStream.of(WINDOW, 0, WINDOW, WINDOW, 0)
                  .mapToObj(window -> new ModelConfig.Layer(window, 0))
                  .toList());

  private <T> T run(EngineOptions options, Function<LlamaEngine, T> work) {
    try (PackedModel packed =
            PackedModel.open(
                PackedPlace.in(CacheDirectory.standard(), model.gguf()),
                model.gguf(),
                PackedPlan.of(config, model.weights()),
                options.nativeDirectory());
        NativeModelRunner runner =
            NativeModelRunner.open(
                config, model.weights(), model.gguf().parts(), packed, options)) {
      assertThat(runner.kvGroups()).hasSize(2);
      TokenizerText text = new TokenizerText(model.tokenizer());
      try (LlamaEngine engine = LlamaEngine.on(text, runner.contextLength(), options, runner)) {
        return work.apply(engine);
      }
    }
  }

  @Test
  void scoresAsFloat64Does() {
    ReferenceModel reference = ReferenceModel.of(model, config);
    ReferenceModel without = ReferenceModel.of(model);
    run(
        ONE_BY_ONE,
        engine -> {
          for (String prompt : PROMPTS) {
            ScoreRequest request =
                new ScoreRequest(Prompt.ofData(prompt), Prompt.ofData(" the dog was happy."));
            ScoreResult score = engine.score(request).join();
            int[] ids =
                model.tokenizer().encodeWithBos(Prompt.ofData(prompt + " the dog was happy."));
            int context = ids.length - score.tokens().length;
            double[][] logits = reference.logits(ids);
            double difference = 0;
            for (int i = 0; i < score.tokens().length; i++) {
              int id = score.tokens()[i];
              double[] row = logits[context + i - 1];
              assertThat(score.tokenLogProbabilities()[i])
                  .isEqualTo(ReferenceModel.logProbability(row, id), within(PER_TOKEN));
              double[] whole = without.logits(ids)[context + i - 1];
              difference +=
                  Math.abs(
                      ReferenceModel.logProbability(whole, id)
                          - ReferenceModel.logProbability(row, id));
            }
            if (ids.length > 2 * WINDOW) { // a prompt beyond the window tells whether there is one
              assertThat(difference).as(prompt).isGreaterThan(100 * PER_TOKEN);
            }
          }
          return null;
        });
  }

  @Test
  void neitherThePrefixCacheNorPreemptionNorChunksChangeABit() {
    List<Object> expected = run(ONE_BY_ONE, MixedWindowsTest::answers);
    EngineOptions batches = ONE_BY_ONE.withBatchLimits(64, 512, 16);
    assertThat(run(batches, MixedWindowsTest::answers))
        .usingRecursiveComparison()
        .isEqualTo(expected);
    for (EngineOptions options :
        List.of(
            batches.withPrefixCache(true),
            batches.withKvCacheMemory(FOURTEEN_BLOCKS),
            batches.withPrefixCache(true).withKvCacheMemory(FOURTEEN_BLOCKS))) {
      run(
          options,
          engine -> {
            for (int round = 0; round < 2; round++) {
              assertThat(answers(engine))
                  .as("%s", options)
                  .usingRecursiveComparison()
                  .isEqualTo(expected);
            }
            EngineStatistics statistics = engine.statistics();
            assertThat(statistics.cachedTokens() > 0).isEqualTo(options.prefixCache());
            assertThat(statistics.preemptions() > 0).isEqualTo(options.kvCacheMemory() > 0);
            return null;
          });
    }
  }

  private static List<Object> answers(LlamaEngine engine) {
    List<CompletableFuture<?>> futures = new ArrayList<>();
    for (int i = 0; i < 4 * PROMPTS.size(); i++) {
      Prompt prompt = Prompt.ofData(PROMPTS.get(i % PROMPTS.size()));
      SamplingParams sampling = SamplingParams.greedy(20 + i);
      futures.add(
          engine.generate(
              new GenerationRequest(new RowKey(i, -i), prompt, sampling, OverlongPolicy.ERROR)));
      futures.add(engine.score(new ScoreRequest(prompt, Prompt.ofData(" in the park."))));
    }
    List<Object> answers = new ArrayList<>();
    futures.forEach(future -> answers.add(future.join()));
    return answers;
  }
}
