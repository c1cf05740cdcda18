package io.sparkllama.engine.cli;

import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.QuantizationMix;
import io.sparkllama.engine.model.WeightRole;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Describes a model of a real shape with random weights: its metadata and tensors. Norms are one,
 * the vocabulary is made up.
 */
final class SyntheticModel {
  private static final float NORM_EPSILON = 1e-5f;

  private final ModelShape shape;
  private final QuantizationMix mix;
  private final int contextLength;
  private final int vocabularySize;

  /**
   * Describes a model.
   *
   * @param contextLength of the model; 0 takes the shape's
   * @param vocabularySize of the model; 0 takes the shape's
   */
  SyntheticModel(ModelShape shape, QuantizationMix mix, int contextLength, int vocabularySize) {
    this.shape = shape;
    this.mix = mix;
    this.contextLength = contextLength == 0 ? shape.contextLength() : contextLength;
    this.vocabularySize = vocabularySize == 0 ? shape.vocabularySize() : vocabularySize;
  }

  /** Returns the metadata in the order in which it is written. */
  Map<String, MetadataValue> metadata(long seed) {
    ModelShape.Layers layers = shape.layers();
    Map<String, MetadataValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", MetadataValue.ofString("llama"));
    metadata.put("general.name", MetadataValue.ofString("synthetic " + shape.label()));
    metadata.put("general.description", MetadataValue.ofString("random weights of seed " + seed));
    metadata.put("general.file_type", MetadataValue.ofUint32(mix.fileType()));
    metadata.put("general.quantization_version", MetadataValue.ofUint32(2));
    metadata.put("llama.vocab_size", MetadataValue.ofUint32(vocabularySize));
    metadata.put("llama.context_length", MetadataValue.ofUint32(contextLength));
    metadata.put("llama.embedding_length", MetadataValue.ofUint32(layers.embedding()));
    metadata.put("llama.block_count", MetadataValue.ofUint32(layers.count()));
    metadata.put("llama.feed_forward_length", MetadataValue.ofUint32(layers.feedForward()));
    metadata.put("llama.attention.head_count", MetadataValue.ofUint32(layers.heads()));
    metadata.put("llama.attention.head_count_kv", MetadataValue.ofUint32(layers.kvHeads()));
    metadata.put("llama.attention.layer_norm_rms_epsilon", MetadataValue.ofFloat32(NORM_EPSILON));
    metadata.put("llama.rope.dimension_count", MetadataValue.ofUint32(layers.headDimension()));
    metadata.put("llama.rope.freq_base", MetadataValue.ofFloat32((float) shape.rope().base()));
    addVocabulary(metadata);
    return metadata;
  }

  /** Returns the tensors in the order in which they are written. */
  List<SyntheticTensor> tensors() {
    List<SyntheticTensor> tensors = new ArrayList<>();
    for (WeightRole role : WeightRole.values()) {
      if (!role.perLayer() && isPresent(role)) {
        tensors.add(tensor(role, 0));
      }
    }
    for (int layer = 0; layer < shape.layers().count(); layer++) {
      for (WeightRole role : WeightRole.values()) {
        if (role.perLayer() && isPresent(role)) {
          tensors.add(tensor(role, layer));
        }
      }
    }
    return tensors;
  }

  private void addVocabulary(Map<String, MetadataValue> metadata) {
    SyntheticVocabulary vocabulary = new SyntheticVocabulary(vocabularySize);
    metadata.put("tokenizer.ggml.model", MetadataValue.ofString("llama"));
    metadata.put("tokenizer.ggml.tokens", MetadataValue.ofStrings(vocabulary.pieces()));
    metadata.put("tokenizer.ggml.scores", MetadataValue.ofFloat32s(vocabulary.scores()));
    metadata.put("tokenizer.ggml.token_type", MetadataValue.ofInt32s(vocabulary.types()));
    metadata.put("tokenizer.ggml.unknown_token_id", MetadataValue.ofUint32(0));
    metadata.put("tokenizer.ggml.bos_token_id", MetadataValue.ofUint32(1));
    metadata.put("tokenizer.ggml.eos_token_id", MetadataValue.ofUint32(2));
    metadata.put("tokenizer.ggml.add_bos_token", MetadataValue.ofBoolean(true));
  }

  private boolean isPresent(WeightRole role) {
    return switch (role) {
      case OUTPUT -> !shape.tiedEmbedding();
      case ROPE_FACTORS -> shape.rope().stretched();
      case TOKEN_EMBEDDING,
          OUTPUT_NORM,
          ATTENTION_NORM,
          ATTENTION_QUERY,
          ATTENTION_KEY,
          ATTENTION_VALUE,
          ATTENTION_OUTPUT,
          FEED_FORWARD_NORM,
          FEED_FORWARD_GATE,
          FEED_FORWARD_UP,
          FEED_FORWARD_DOWN ->
          true;
      default -> false; // the shapes are of the llama architecture
    };
  }

  private SyntheticTensor tensor(WeightRole role, int layer) {
    ModelShape.Layers layers = shape.layers();
    String name = role.tensorName(layer);
    QuantizationType type = mix.typeOf(role, layer, layers.count(), shape.tiedEmbedding());
    long width = layers.embedding();
    long kvWidth = (long) layers.kvHeads() * layers.headDimension();
    return switch (role) {
      case TOKEN_EMBEDDING, OUTPUT -> SyntheticTensor.matrix(name, type, width, vocabularySize);
      case OUTPUT_NORM, ATTENTION_NORM, FEED_FORWARD_NORM ->
          SyntheticTensor.vector(name, ones(layers.embedding()));
      case ROPE_FACTORS -> SyntheticTensor.vector(name, ropeFactors());
      case ATTENTION_QUERY, ATTENTION_OUTPUT -> SyntheticTensor.matrix(name, type, width, width);
      case ATTENTION_KEY, ATTENTION_VALUE -> SyntheticTensor.matrix(name, type, width, kvWidth);
      case FEED_FORWARD_GATE, FEED_FORWARD_UP ->
          SyntheticTensor.matrix(name, type, width, layers.feedForward());
      case FEED_FORWARD_DOWN -> SyntheticTensor.matrix(name, type, layers.feedForward(), width);
      default -> throw new IllegalArgumentException("no weight of a llama model: " + role);
    };
  }

  private static float[] ones(int length) {
    float[] ones = new float[length];
    Arrays.fill(ones, 1);
    return ones;
  }

  // As Llama 3.1 defines it: wavelengths up to a quarter of the original context stay, those
  // beyond it are stretched by the factor, and those between are blended.
  private float[] ropeFactors() {
    ModelShape.Rope rope = shape.rope();
    int dimension = shape.layers().headDimension();
    float[] factors = new float[dimension / 2];
    for (int pair = 0; pair < factors.length; pair++) {
      double wavelength = 2 * Math.PI * StrictMath.pow(rope.base(), 2.0 * pair / dimension);
      double turns = rope.originalContext() / wavelength;
      double blend = Math.min(1, Math.max(0, (turns - 1) / (4 - 1)));
      factors[pair] = (float) (1 / ((1 - blend) / rope.factor() + blend));
    }
    return factors;
  }
}
