package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.Isolation;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.api.ScoreRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds that answers are the same bits whatever the batch limits, chunks, threads, kernels, the
 * size of the KV cache, what the prefix cache knows and the process that they are computed in.
 */
@Timeout(300)
class BatchInvarianceTest {
  private static final EngineOptions ONE_BY_ONE =
      EngineOptions.defaults()
          .withThreads(1)
          .withContextLength(128)
          .withBatchLimits(1, 512, 512)
          .withPrefixCache(false)
          .withIsolation(Isolation.NONE); // a kernel that crashes is to end the test
  private static final EngineOptions CACHING = ONE_BY_ONE.withPrefixCache(true).withThreads(2);

  /** Bytes of 12 blocks of 16 positions: 5 layers, keys and values, 4 heads of 8 halves. */
  private static final long TWELVE_BLOCKS = 12L * 16 * 5 * 2 * 4 * 8 * 2;

  private static final List<EngineOptions> OTHERS =
      List.of(
          ONE_BY_ONE.withBatchLimits(3, 16, 16),
          ONE_BY_ONE.withBatchLimits(64, 512, 512).withThreads(2),
          ONE_BY_ONE.withBatchLimits(64, 512, 16).withThreads(2),
          ONE_BY_ONE.withBatchLimits(64, 37, 1),
          ONE_BY_ONE.withBatchLimits(3, 512, 512).withInstructionSet(InstructionSet.REFERENCE),
          ONE_BY_ONE.withBatchLimits(64, 512, 512).withKvCacheMemory(TWELVE_BLOCKS).withThreads(2),
          ONE_BY_ONE.withBatchLimits(64, 512, 16).withIsolation(Isolation.PROCESS),
          CACHING.withBatchLimits(3, 37, 16).withIsolation(Isolation.PROCESS),
          CACHING.withBatchLimits(64, 512, 16),
          CACHING.withBatchLimits(64, 512, 512).withKvCacheMemory(TWELVE_BLOCKS));

  private static final List<String> PROMPTS =
      List.of(
          "",
          "Once upon a time",
          "One day, Lily went to the park with",
          "I lost my card, what can I do? My card is still not there.",
          "The dog was very happy because it had a big red ball and",
          "\"Hello!\" said Tom.",
          "Why was my card not taken in the shop?",
          "There was a");

  private static final List<Penalties> PENALTIES =
      List.of(
          Penalties.NONE,
          new Penalties(1.3, 0, 0, Map.of()),
          new Penalties(1, 0.7, 0.3, Map.of()),
          Penalties.NONE,
          new Penalties(1.1, -0.4, 0.6, Map.of(426, -100.0, 13, 1.5)),
          new Penalties(1, 0, 0, Map.of(261, 2.5)),
          new Penalties(0.9, 0, 0.1, Map.of()));

  private static final List<String> LABELS =
      List.of(" card", " card lost", " a", " big park", " the dog was happy", "!");

  @ParameterizedTest
  @ValueSource(strings = {"stories260K.f16.gguf", "quantized/stories260K.Q4_K_M.gguf"})
  void answersAreTheSameBits(String name) {
    ModelFile model = ModelFile.open(SharedData.path("models/" + name));
    List<Object> expected = answers(model, ONE_BY_ONE);
    for (EngineOptions options : OTHERS) {
      assertThat(answers(model, options))
          .as("%s", options)
          .usingRecursiveComparison()
          .isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(KvCacheType.class)
  void answersAreTheSameBitsFromAColdAndAWarmCache(KvCacheType type) {
    ModelFile model = ModelFile.open(SharedData.path("models/stories260K.f16.gguf"));
    List<Object> expected = answers(model, ONE_BY_ONE.withKvCacheType(type));
    for (long memory : new long[] {0, 2 * TWELVE_BLOCKS}) {
      EngineOptions options =
          CACHING.withBatchLimits(64, 512, 16).withKvCacheType(type).withKvCacheMemory(memory);
      try (LlamaEngine engine = LlamaEngine.open(model, options)) {
        List<Object> cold = answers(engine);
        long cached = engine.statistics().cachedTokens();
        List<Object> warm = answers(engine);

        assertThat(cold).usingRecursiveComparison().isEqualTo(expected);
        assertThat(warm).usingRecursiveComparison().isEqualTo(expected);
        assertThat(cached).isPositive();
        if (memory == 0) {
          // Within a run only rows that repeat share; from the run before all do.
          assertThat(engine.statistics().cachedTokens() - cached).isGreaterThan(cached);
        } else {
          assertThat(engine.statistics().preemptions()).isPositive();
        }
      }
    }
  }

  private static List<Object> answers(ModelFile model, EngineOptions options) {
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      List<Object> answers = answers(engine);
      if (options.kvCacheMemory() > 0) {
        assertThat(engine.statistics().preemptions()).isPositive();
      }
      return answers;
    }
  }

  private static List<Object> answers(LlamaEngine engine) {
    List<CompletableFuture<?>> futures = new ArrayList<>();
    for (int i = 0; i < 4 * PROMPTS.size(); i++) {
      Prompt prompt = Prompt.ofData(PROMPTS.get(i % PROMPTS.size()));
      SamplingParams sampling =
          new SamplingParams(
              i % 2 == 0 ? 0.8 : 0,
              i % 3 * 20,
              i % 5 == 0 ? 0.9 : 1,
              0,
              i,
              30 + i,
              List.of(),
              List.of(),
              PENALTIES.get(i % PENALTIES.size()));
      futures.add(
          engine.generate(
              new GenerationRequest(new RowKey(i, -i), prompt, sampling, OverlongPolicy.ERROR)));
      if (i < PROMPTS.size()) {
        futures.add(
            engine.classify(
                new ClassifyRequest(
                    prompt, LABELS, OverlongPolicy.ERROR, ClassifyRequest.Normalization.NONE)));
        futures.add(engine.score(new ScoreRequest(prompt, Prompt.ofData(" in the park."))));
      }
    }
    List<Object> answers = new ArrayList<>();
    futures.forEach(future -> answers.add(future.join()));
    return answers;
  }
}
