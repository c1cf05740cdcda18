package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.model.ModelConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Plans the KV cache of a model: groups of layers, and how many blocks each pool holds.
 *
 * @param contextLength most tokens of a sequence
 * @param blockCounts per group
 * @param rowBlocks that a row may need of each: as many as there are, or fewer where a machine with
 *     less memory would have no more
 */
record KvPlan(int contextLength, List<KvGroup> groups, int[] blockCounts, int rowBlocks) {
  /** Positions in a block: the lanes of a kernel's vector, small enough to waste little. */
  static final int BLOCK_SIZE = 16;

  private static final long MOST_BY_DEFAULT = 1L << 30;

  /** Slots of a pool are counted in 32 bits. */
  private static final long MOST_BLOCKS = Integer.MAX_VALUE / BLOCK_SIZE;

  /**
   * Shares the memory that the options give among the groups: a sequence has as many blocks in one
   * as in the other, so each pool has as many. It may be less than one whole context needs: long
   * contexts are rarely filled, and a 128k one may take 16 GiB.
   *
   * @throws InvalidConfigurationException where it does not suffice for one block of each group,
   *     where the context is longer than the model's, or where the model has windows of its own and
   *     the options give another
   */
  static KvPlan of(ModelConfig config, EngineOptions options) {
    int contextLength = contextLength(config, options);
    List<KvGroup> groups = groups(config, options, contextLength);
    long bytesPerBlock = groups.stream().mapToLong(KvGroup::bytesPerBlock).sum();
    int blocks = (int) blocks(options, bytesPerBlock, blocksOf(contextLength));
    return new KvPlan(contextLength, groups, filled(groups, blocks), blocks);
  }

  private static int[] filled(List<KvGroup> groups, int blocks) {
    int[] blockCounts = new int[groups.size()];
    Arrays.fill(blockCounts, blocks);
    return blockCounts;
  }

  /**
   * Returns the same with pools of so many bytes together. Which rows are refused for the cache's
   * size stays: that must not depend on where there is more memory than elsewhere.
   */
  KvPlan resized(long bytes) {
    long bytesPerBlock = groups.stream().mapToLong(KvGroup::bytesPerBlock).sum();
    int blocks = (int) Math.min(MOST_BLOCKS, Math.max(1, bytes / bytesPerBlock));
    return new KvPlan(contextLength, groups, filled(groups, blocks), Math.min(blocks, rowBlocks));
  }

  /** Groups the layers by their windows, the group of the first layer first. */
  private static List<KvGroup> groups(
      ModelConfig config, EngineOptions options, int contextLength) {
    Map<Integer, List<Integer>> layers = new LinkedHashMap<>(); // by window
    for (int layer = 0; layer < config.layerCount(); layer++) {
      int window = window(config.layers().get(layer), options);
      // One that no sequence outgrows is none: the layers share a table with those that have none.
      layers
          .computeIfAbsent(window < contextLength ? window : 0, any -> new ArrayList<>())
          .add(layer);
    }
    long bytesPerLayer = BLOCK_SIZE * bytesPerToken(config, options.kvCacheType(), 1);
    return layers.entrySet().stream()
        .map(
            group ->
                new KvGroup(
                    group.getValue(), group.getKey(), group.getValue().size() * bytesPerLayer))
        .toList();
  }

  private static int window(ModelConfig.Layer layer, EngineOptions options) {
    if (options.slidingWindow() == 0 || options.slidingWindow() == layer.window()) {
      return layer.window();
    }
    if (layer.window() != 0) {
      throw new InvalidConfigurationException(
          "engine.sliding-window is for models whose file says none; leave it out, this one has a"
              + " window of "
              + layer.window()
              + ": "
              + options.slidingWindow());
    }
    return options.slidingWindow();
  }

  private static int contextLength(ModelConfig config, EngineOptions options) {
    int contextLength =
        options.contextLength() == 0 ? config.contextLength() : options.contextLength();
    if (contextLength > config.contextLength()) {
      throw new InvalidConfigurationException(
          "engine.context-length must be at most the model's own "
              + config.contextLength()
              + ": "
              + contextLength);
    }
    return contextLength;
  }

  private static long blocksOf(int contextLength) {
    return (contextLength + BLOCK_SIZE - 1L) / BLOCK_SIZE;
  }

  /** Returns the bytes that one whole context takes; throws as {@link #of} does. */
  static long contextBytes(ModelConfig config, EngineOptions options) {
    return blocksOf(contextLength(config, options))
        * BLOCK_SIZE
        * bytesPerToken(config, options.kvCacheType());
  }

  private static long blocks(EngineOptions options, long bytesPerBlock, long perSequence) {
    if (options.kvCacheMemory() == 0) {
      long wanted = Math.min(options.maxSequences() * perSequence, MOST_BY_DEFAULT / bytesPerBlock);
      return Math.min(MOST_BLOCKS, Math.max(1, wanted));
    }
    long blocks = options.kvCacheMemory() / bytesPerBlock;
    if (blocks < 1) {
      throw new InvalidConfigurationException(
          "engine.kv-cache-memory does not suffice for one block of "
              + BLOCK_SIZE
              + " tokens; give at least "
              + bytesPerBlock
              + " bytes, or "
              + perSequence * bytesPerBlock
              + " for one whole context: "
              + options.kvCacheMemory());
    }
    return Math.min(MOST_BLOCKS, blocks);
  }

  /** Returns the bytes of all pools. */
  long bytes() {
    long bytes = 0;
    for (int group = 0; group < blockCounts.length; group++) {
      bytes = Math.addExact(bytes, blockCounts[group] * groups.get(group).bytesPerBlock());
    }
    return bytes;
  }

  /** Returns the most tokens that one sequence may have in the cache when it is alone. */
  int mostTokens() {
    return Math.min(contextLength, rowBlocks * BLOCK_SIZE);
  }

  /** Returns the bytes of one token's keys and values in all layers, as native code lays it out. */
  static long bytesPerToken(ModelConfig config, KvCacheType type) {
    return bytesPerToken(config, type, config.layerCount());
  }

  private static long bytesPerToken(ModelConfig config, KvCacheType type, int layers) {
    long elements = config.attention().headDimension();
    long head =
        switch (type) {
          case F32 -> 4 * elements;
          case F16 -> 2 * elements;
          case Q8 -> 4 + elements;
        };
    return 2L * layers * config.attention().kvHeadCount() * head;
  }
}
