package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.RopeScaling;
import org.junit.jupiter.api.Test;

/** Holds how much memory engines take that are told nothing, and what they refuse. */
class KvPlanTest {
  private static final ModelConfig LLAMA_8B = config(131072);

  private static ModelConfig config(int contextLength) {
    return new ModelConfig(
        "llama",
        128256,
        contextLength,
        4096,
        32,
        14336,
        32,
        8,
        128,
        128,
        500000,
        ModelConfig.RopeLayout.ADJACENT,
        new RopeScaling.None(),
        1e-5,
        0);
  }

  @Test
  void aLongContextTakesAGibibyteByDefault() {
    long block = 32L * 2 * 8 * 16 * 128 * 2; // layers, key and value, heads, positions, head, bytes
    KvPlan plan = KvPlan.of(LLAMA_8B, EngineOptions.defaults());
    assertThat(plan.contextLength()).isEqualTo(131072);
    assertThat(plan.blockCounts()).containsExactly((int) ((1L << 30) / block));
    assertThat(plan.mostTokens()).isEqualTo(8192);
    KvPlan whole =
        KvPlan.of(LLAMA_8B, EngineOptions.defaults().withKvCacheMemory(8192 * block + 1));
    assertThat(whole.blockCounts()).containsExactly(8192);
    assertThat(whole.mostTokens()).isEqualTo(131072);
    assertThat(KvPlan.contextBytes(LLAMA_8B, EngineOptions.defaults())).isEqualTo(whole.bytes());
    KvPlan least = KvPlan.of(LLAMA_8B, EngineOptions.defaults().withKvCacheMemory(block));
    assertThat(least.mostTokens()).isEqualTo(16);
    assertThatThrownBy(
            () -> KvPlan.of(LLAMA_8B, EngineOptions.defaults().withKvCacheMemory(block - 1)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.kv-cache-memory");
  }

  @Test
  void aShortContextTakesWhatAllSequencesNeed() {
    EngineOptions options = EngineOptions.defaults().withContextLength(100);
    assertThat(KvPlan.of(LLAMA_8B, options.withBatchLimits(3, 64, 64)).blockCounts())
        .containsExactly(3 * 7);
    assertThat(3 * KvPlan.contextBytes(LLAMA_8B, options))
        .isEqualTo(KvPlan.of(LLAMA_8B, options.withBatchLimits(3, 64, 64)).bytes());
  }

  @Test
  void refusesABufferThatNoArrayHolds() {
    EngineOptions options = EngineOptions.defaults().withBatchLimits(4096, 65536, 512);
    NativeModelRunner.check(LLAMA_8B, options);
    ModelConfig longer = config(8 << 20);
    assertThatThrownBy(() -> NativeModelRunner.check(longer, options))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll(
            "2 GiB", "engine.max-sequences", "engine.max-batch-tokens", "engine.context-length");
  }

  @Test
  void boundsTheThreads() {
    assertThat(EngineOptions.defaults().withThreads(4096).threads()).isEqualTo(4096);
    assertThatThrownBy(() -> EngineOptions.defaults().withThreads(4097))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.threads must be between 0 and 4096: 4097");
  }
}
