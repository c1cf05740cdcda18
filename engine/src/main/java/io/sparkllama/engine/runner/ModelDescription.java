package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.store.PackedTensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;

/**
 * Writes a model's description for native code: 8-byte little-endian words in the order that {@code
 * model/description.cc} and {@code runner/runner_options.cc} read them.
 */
final class ModelDescription {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  private ModelDescription() {}

  static ByteBuffer of(
      ModelConfig config,
      List<PackedTensor> tensors,
      List<RopeFrequencies> ropeTables,
      EngineOptions options,
      KvPlan plan,
      BatchCapacity capacity) {
    ModelDescription description = new ModelDescription();
    description.word(options.instructionSet().ordinal());
    description.hyperParameters(config, plan.contextLength(), ropeTables);
    description.tensors(tensors);
    description.word(threads(options));
    description.word(options.kvCacheType().ordinal());
    description.word(KvPlan.BLOCK_SIZE);
    description.capacity(capacity);
    description.groups(plan);
    return description.direct();
  }

  static ByteBuffer of(BatchCapacity capacity) {
    ModelDescription description = new ModelDescription();
    description.capacity(capacity);
    return description.direct();
  }

  static int threads(EngineOptions options) {
    return options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
  }

  private void hyperParameters(
      ModelConfig config, int contextLength, List<RopeFrequencies> ropeTables) {
    word(config.vocabularySize());
    word(contextLength);
    word(config.embeddingLength());
    word(config.layerCount());
    feedForward(config.feedForward());
    word(config.attention().headCount());
    word(config.attention().kvHeadCount());
    word(config.attention().headDimension());
    real(config.attention().scale());
    real(config.attention().softCap());
    word(config.norms().placement().ordinal());
    word(config.norms().kind().ordinal());
    real(config.norms().epsilon());
    word(config.feedForward().activation().ordinal());
    word(config.feedForward().place().ordinal());
    real(config.ends().embeddingScale());
    real(config.ends().logitSoftCap());
    rope(config, ropeTables);
  }

  private void feedForward(ModelConfig.FeedForward feedForward) {
    word(feedForward.length());
    Optional<ModelConfig.Experts> experts = feedForward.experts();
    word(experts.map(ModelConfig.Experts::count).orElse(0));
    word(experts.map(ModelConfig.Experts::used).orElse(0));
    word(experts.map(ModelConfig.Experts::length).orElse(0));
    word(experts.map(each -> each.weighting().ordinal()).orElse(0));
  }

  private void rope(ModelConfig config, List<RopeFrequencies> tables) {
    word(config.rope().dimension());
    word(config.rope().layout().ordinal());
    word(tables.size());
    for (RopeFrequencies table : tables) {
      real(table.magnitude());
      for (double frequency : table.perPosition()) {
        real(frequency);
      }
    }
    for (ModelConfig.Layer layer : config.layers()) {
      word(layer.ropeTable());
    }
  }

  private void tensors(List<PackedTensor> tensors) {
    word(tensors.size());
    for (PackedTensor tensor : tensors) {
      word(tensor.role().ordinal());
      word(tensor.layer());
      word(tensor.expert());
      word(tensor.type().id());
      word(tensor.offset());
      word(tensor.rows());
      word(tensor.columns());
    }
  }

  private void capacity(BatchCapacity capacity) {
    word(capacity.tokens());
    word(capacity.sequences());
    word(capacity.logitsRows());
    word(capacity.candidates());
    word(capacity.adjustments());
    word(capacity.kvGroups());
    word(capacity.blocksPerSequence());
    word(capacity.copies());
    word(capacity.topTokens());
  }

  private void groups(KvPlan plan) {
    for (int g = 0; g < plan.groups().size(); g++) {
      KvGroup group = plan.groups().get(g);
      word(group.window());
      word(plan.blockCounts()[g]);
      word(group.bytesPerBlock());
      word(group.layers().size());
      for (int layer : group.layers()) {
        word(layer);
      }
    }
  }

  private void real(double value) {
    word(Double.doubleToRawLongBits(value));
  }

  private void word(long value) {
    byte[] word =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    bytes.writeBytes(word);
  }

  private ByteBuffer direct() {
    return ByteBuffer.allocateDirect(bytes.size()).put(bytes.toByteArray()).flip();
  }
}
