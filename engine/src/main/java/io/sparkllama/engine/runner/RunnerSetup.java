package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.PackedModel;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds what a runner is made from, in whichever process.
 *
 * @param packedFile where the weights lie, absolute
 * @param description as {@link ModelDescription} writes it; direct
 */
record RunnerSetup(KvPlan plan, BatchCapacity capacity, Path packedFile, ByteBuffer description) {
  private static final Logger LOG = LoggerFactory.getLogger(RunnerSetup.class);

  /**
   * Reads what native code needs of the model's files, and sizes what a step needs.
   *
   * @throws InvalidConfigurationException where an option cannot be met
   */
  static RunnerSetup of(
      ModelConfig config,
      WeightMap weights,
      List<Path> parts,
      PackedModel packed,
      EngineOptions options) {
    return of(config, weights, parts, packed, options, KvPlan.of(config, options));
  }

  /** Does it with a KV cache that was planned before. */
  static RunnerSetup of(
      ModelConfig config,
      WeightMap weights,
      List<Path> parts,
      PackedModel packed,
      EngineOptions options,
      KvPlan plan) {
    BatchCapacity capacity = capacity(config, plan, options);
    if (plan.mostTokens() < plan.contextLength()) {
      LOG.warn(
          "the KV cache holds less than one whole context: a row may have at most {} tokens, prompt"
              + " and answer together; engine.kv-cache-memory gives it more (context {})",
          plan.mostTokens(),
          plan.contextLength());
    }
    List<RopeFrequencies> ropeTables =
        RopeFrequencies.of(config, weights, parts, plan.contextLength());
    return new RunnerSetup(
        plan,
        capacity,
        packed.file().toAbsolutePath(),
        ModelDescription.of(config, packed.tensors(), ropeTables, options, plan, capacity));
  }

  /**
   * Sizes a step.
   *
   * @throws InvalidConfigurationException where its buffer would be too large
   */
  static BatchCapacity capacity(ModelConfig config, KvPlan plan, EngineOptions options) {
    BatchCapacity capacity =
        BatchCapacity.of(
            options,
            config.vocabularySize(),
            plan.groups().size(),
            plan.contextLength(),
            KvPlan.BLOCK_SIZE);
    long bytes = new BatchLayout(capacity).byteSize();
    if (bytes > Integer.MAX_VALUE) {
      throw new InvalidConfigurationException(
          "The buffer of a step would exceed 2 GiB; lower engine.max-sequences,"
              + " engine.max-batch-tokens or engine.context-length: "
              + bytes
              + " bytes");
    }
    return capacity;
  }
}
