package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.RopeScaling;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Holds how much memory engines take that are told nothing, and what they refuse. */
class KvPlanTest {
  private static final ModelConfig LLAMA_8B = config(131072);

  private static ModelConfig config(int contextLength) {
    int headDimension = 128;
    return new ModelConfig(
        "llama",
        128256,
        contextLength,
        4096,
        new ModelConfig.Attention(
            32, 8, headDimension, 1 / Math.sqrt(headDimension), 0, ModelConfig.QueryKeyNorm.NONE),
        new ModelConfig.FeedForward(
            14336, ModelConfig.Activation.SWIGLU, ModelConfig.FeedForwardPlace.AFTER_ATTENTION),
        new ModelConfig.Norms(
            1e-5, ModelConfig.NormPlacement.BEFORE, ModelConfig.NormKind.ROOT_MEAN_SQUARE),
        new ModelConfig.Rope(
            headDimension,
            ModelConfig.RopeLayout.ADJACENT,
            List.of(new ModelConfig.RopeTable(500000, new RopeScaling.None()))),
        Collections.nCopies(32, new ModelConfig.Layer(0, 0)),
        ModelConfig.Ends.PLAIN);
  }

  /** Every fourth layer reaches back over all positions, the others over a window. */
  private static ModelConfig mixed(int window) {
    return LLAMA_8B.withLayers(
        IntStream.range(0, 32)
            .mapToObj(layer -> new ModelConfig.Layer(layer % 4 == 3 ? 0 : window, 0))
            .toList());
  }

  @Test
  void layersOfOneWindowShareAGroupAndGroupsShareTheMemory() {
    long layerBlock = 2L * 8 * 16 * 128 * 2; // key and value, heads, positions, head, bytes
    EngineOptions options = EngineOptions.defaults().withKvCacheMemory(100 * 32 * layerBlock + 1);
    KvPlan plan = KvPlan.of(mixed(4096), options);
    assertThat(plan.groups()).hasSize(2);
    assertThat(plan.groups().get(0).window()).isEqualTo(4096);
    assertThat(plan.groups().get(0).layers()).hasSize(24).startsWith(0, 1, 2, 4, 5, 6, 8);
    assertThat(plan.groups().get(0).bytesPerBlock()).isEqualTo(24 * layerBlock);
    assertThat(plan.groups().get(1))
        .isEqualTo(new KvGroup(List.of(3, 7, 11, 15, 19, 23, 27, 31), 0, 8 * layerBlock));
    assertThat(plan.blockCounts()).containsExactly(100, 100);
    assertThat(plan.bytes()).isEqualTo(100 * 32 * layerBlock);
    assertThat(plan.mostTokens()).isEqualTo(1600);
    assertThatThrownBy(() -> KvPlan.of(mixed(4096), options.withKvCacheMemory(32 * layerBlock - 1)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.kv-cache-memory");
  }

  @Test
  void aWindowThatNoSequenceOutgrowsIsNone() {
    EngineOptions options = EngineOptions.defaults();
    assertThat(KvPlan.of(mixed(4096), options.withContextLength(4096)).groups())
        .isEqualTo(KvPlan.of(LLAMA_8B, options.withContextLength(4096)).groups());
    assertThat(KvPlan.of(mixed(4096), options.withContextLength(4097)).groups()).hasSize(2);
  }

  @Test
  void anOptionGivesAWindowToAModelThatSaysNone() {
    EngineOptions options = EngineOptions.defaults().withSlidingWindow(4096);
    assertThat(KvPlan.of(LLAMA_8B, options).groups())
        .extracting(KvGroup::window)
        .containsExactly(4096);
    ModelConfig windowed =
        LLAMA_8B.withLayers(Collections.nCopies(32, new ModelConfig.Layer(4096, 0)));
    assertThat(KvPlan.of(windowed, options).groups())
        .isEqualTo(KvPlan.of(windowed, EngineOptions.defaults()).groups());
    assertThatThrownBy(() -> KvPlan.of(windowed, options.withSlidingWindow(2048)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.sliding-window")
        .hasMessageContaining("window of 4096: 2048");
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

  /** A row that has an error for want of cache has it wherever there is more memory, too. */
  @Test
  void largerPoolsRefuseTheSameRows() {
    long block = 32L * 2 * 8 * 16 * 128 * 2;
    KvPlan usual = KvPlan.of(LLAMA_8B, EngineOptions.defaults());
    KvPlan larger = usual.resized(40L << 30);
    assertThat(larger.blockCounts()).containsExactly((int) ((40L << 30) / block));
    assertThat(larger.rowBlocks())
        .isEqualTo(usual.rowBlocks())
        .isEqualTo((int) ((1L << 30) / block));
    assertThat(larger.mostTokens()).isEqualTo(usual.mostTokens()).isEqualTo(8192);
    KvPlan smaller = usual.resized(100 * block);
    assertThat(smaller.rowBlocks()).isEqualTo(100);
    assertThat(smaller.mostTokens()).isEqualTo(1600);
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
