package io.sparkllama.engine.model;

import io.sparkllama.engine.gguf.QuantizationType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Says which type each matrix of a model is quantized to: one type for all of them, or one of the
 * mixes that llama.cpp's quantizer made usual, which spend more bits where errors cost most. (For a
 * model of 70B parameters that quantizer spends more on the values than is said here.)
 *
 * @param label as users write it: a type's name, or {@code Q4_K_M} and {@code Q5_K_M}
 * @param type of most matrices
 * @param finer of the output matrix, and in half of the layers of the values and of the
 *     feed-forward network's last matrix; {@code type} where there is no mix
 * @param fileType the number for {@code general.file_type}: llama.cpp's llama_ftype
 */
public record QuantizationMix(
    String label, QuantizationType type, QuantizationType finer, int fileType) {
  private static final List<QuantizationMix> MIXES =
      List.of(
          new QuantizationMix("Q4_K_M", QuantizationType.Q4_K, QuantizationType.Q6_K, 15),
          new QuantizationMix("Q5_K_M", QuantizationType.Q5_K, QuantizationType.Q6_K, 17));

  /** Returns the mix that has one type alone. */
  public static QuantizationMix of(QuantizationType type) {
    return new QuantizationMix(type.name(), type, type, fileType(type));
  }

  /** Returns the mix of this label; empty where there is none. */
  public static Optional<QuantizationMix> ofLabel(String label) {
    return all().filter(mix -> mix.label.equalsIgnoreCase(label)).findFirst();
  }

  /** Returns all labels. */
  public static List<String> labels() {
    return all().map(QuantizationMix::label).toList();
  }

  /**
   * Returns the type of a matrix, whatever its width.
   *
   * @param layers of the model
   * @param tiedEmbedding whether the embedding is the output matrix as well
   */
  public QuantizationType typeOf(WeightRole role, int layer, int layers, boolean tiedEmbedding) {
    return switch (role) {
      case OUTPUT -> finer;
      case TOKEN_EMBEDDING -> tiedEmbedding ? finer : type;
      case ATTENTION_VALUE, FEED_FORWARD_DOWN, EXPERT_DOWN ->
          needsMoreBits(layer, layers) ? finer : type;
      default -> type;
    };
  }

  /**
   * Returns the type that rows of this length are stored as: what llama.cpp's quantizer falls back
   * to where they are no whole number of blocks.
   */
  public static QuantizationType storedType(QuantizationType wanted, long columns) {
    if (columns % wanted.blockSize() == 0) {
      return wanted;
    }
    QuantizationType smaller =
        switch (wanted) {
          case Q2_K, Q3_K -> QuantizationType.Q4_0;
          case IQ4_XS -> QuantizationType.IQ4_NL;
          case Q4_K -> QuantizationType.Q5_0;
          case Q5_K -> QuantizationType.Q5_1;
          case Q6_K -> QuantizationType.Q8_0;
          default -> QuantizationType.F16;
        };
    return storedType(smaller, columns);
  }

  /** Tells of the first and the last eighth of the layers, and every third between. */
  public static boolean needsMoreBits(int layer, int layers) {
    int eighth = layers / 8;
    return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
  }

  private static Stream<QuantizationMix> all() {
    return Stream.concat(
        Arrays.stream(QuantizationType.values()).map(QuantizationMix::of), MIXES.stream());
  }

  private static int fileType(QuantizationType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case Q4_0 -> 2;
      case Q4_1 -> 3;
      case Q8_0 -> 7;
      case Q5_0 -> 8;
      case Q5_1 -> 9;
      case Q2_K -> 10;
      case Q3_K -> 11;
      case Q4_K -> 14;
      case Q5_K -> 16;
      case Q6_K -> 18;
      case IQ4_NL -> 25;
      case IQ4_XS -> 30;
      case BF16 -> 32;
    };
  }
}
