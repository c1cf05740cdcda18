package io.sparkllama.engine.quantization;

import io.sparkllama.engine.gguf.QuantizationType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Names what a model can be quantized to, as llama.cpp's quantizer names it: one type for most
 * matrices, and finer ones where errors cost most, which {@link RecipeTypes} chooses.
 */
public enum QuantizationRecipe {
  F32(QuantizationType.F32, 0),
  F16(QuantizationType.F16, 1),
  BF16(QuantizationType.BF16, 32),
  Q4_0(QuantizationType.Q4_0, 2),
  Q4_1(QuantizationType.Q4_1, 3),
  Q5_0(QuantizationType.Q5_0, 8),
  Q5_1(QuantizationType.Q5_1, 9),
  Q8_0(QuantizationType.Q8_0, 7),
  Q2_K(QuantizationType.Q2_K, 10),
  Q3_K_S(QuantizationType.Q3_K, 11),
  Q3_K_M(QuantizationType.Q3_K, 12),
  Q3_K_L(QuantizationType.Q3_K, 13),
  Q4_K_S(QuantizationType.Q4_K, 14),
  Q4_K_M(QuantizationType.Q4_K, 15),
  Q5_K_S(QuantizationType.Q5_K, 16),
  Q5_K_M(QuantizationType.Q5_K, 17),
  Q6_K(QuantizationType.Q6_K, 18),
  IQ4_NL(QuantizationType.IQ4_NL, 25);

  private final QuantizationType type;
  private final int fileType;

  QuantizationRecipe(QuantizationType type, int fileType) {
    this.type = type;
    this.fileType = fileType;
  }

  /**
   * Returns the recipe of this name, in any case. The name of a type alone means the recipe that
   * has the fewest other types: {@code Q4_K} is {@code Q4_K_S}.
   */
  public static Optional<QuantizationRecipe> ofLabel(String label) {
    return Arrays.stream(values())
        .filter(
            recipe ->
                recipe.name().equalsIgnoreCase(label)
                    || recipe.name().equalsIgnoreCase(label + "_S"))
        .findFirst();
  }

  /** Returns all names. */
  public static List<String> labels() {
    return Arrays.stream(values()).map(QuantizationRecipe::name).toList();
  }

  /** Returns the type of most matrices. */
  public QuantizationType type() {
    return type;
  }

  /** Returns the number for {@code general.file_type}: llama.cpp's llama_ftype. */
  public int fileType() {
    return fileType;
  }

  /** Returns whether elements stand for themselves, not in blocks with a scale. */
  boolean isFloat() {
    return type.blockSize() == 1;
  }

  boolean isOneOf(QuantizationRecipe... recipes) {
    return Arrays.asList(recipes).contains(this);
  }
}
