package io.sparkllama.engine.quantization;

import static io.sparkllama.engine.quantization.QuantizationRecipe.IQ4_NL;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q2_K;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q3_K_L;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q3_K_M;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q3_K_S;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q4_K_M;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q4_K_S;
import static io.sparkllama.engine.quantization.QuantizationRecipe.Q5_K_M;

import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.QuantizationMix;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Chooses the type of each tensor by llama.cpp's rules without an importance matrix, so that a file
 * has the types that its name makes users expect.
 */
final class RecipeTypes {
  private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\.");

  private final QuantizationRecipe recipe;
  private final ModelTraits model;
  private final int valueCount;
  private int valuesSeen;
  private int downsSeen;

  private RecipeTypes(QuantizationRecipe recipe, GgufFile file) {
    this.recipe = recipe;
    this.model = ModelTraits.of(file);
    this.valueCount =
        (int)
            file.tensors().stream()
                .filter(tensor -> TensorKind.of(tensor.name()) == TensorKind.ATTENTION_VALUE)
                .count();
  }

  /** Returns the type of every tensor of a file by its name; those that stay have their own. */
  static Map<String, QuantizationType> of(QuantizationRecipe recipe, GgufFile file) {
    RecipeTypes types = new RecipeTypes(recipe, file);
    List<TensorInfo> tensors = new ArrayList<>(file.tensors());
    // The rules count values and last matrices from the first layer on, wherever the file has them.
    tensors.sort(
        Comparator.comparingInt((TensorInfo tensor) -> layerOf(tensor.name()))
            .thenComparing(TensorInfo::name));
    Map<String, QuantizationType> chosen = new HashMap<>();
    for (TensorInfo tensor : tensors) {
      chosen.put(
          tensor.name(), TensorKind.isQuantized(tensor) ? types.typeOf(tensor) : tensor.type());
    }
    return chosen;
  }

  private QuantizationType typeOf(TensorInfo tensor) {
    if (recipe.isFloat()) {
      return recipe.type();
    }
    TensorKind kind = TensorKind.of(tensor.name());
    boolean output =
        kind == TensorKind.OUTPUT || model.tiedEmbedding() && kind == TensorKind.TOKEN_EMBEDDING;
    QuantizationType wanted =
        output
            ? outputType(tensor)
            : switch (kind) {
              case ATTENTION_VALUE -> valueType(valuesSeen++);
              case ATTENTION_KEY -> model.experts() == 8 ? QuantizationType.Q8_0 : recipe.type();
              case ATTENTION_OUTPUT -> attentionOutputType();
              case FEED_FORWARD_DOWN -> downType(layerOfDown(tensor.name(), downsSeen++));
              default -> recipe.type();
            };
    return QuantizationMix.storedType(wanted, tensor.columns());
  }

  private QuantizationType outputType(TensorInfo tensor) {
    boolean coarse = model.falcon() || tensor.columns() % recipe.type().blockSize() != 0;
    return coarse || recipe.type() == QuantizationType.Q8_0
        ? QuantizationType.Q8_0
        : QuantizationType.Q6_K;
  }

  private QuantizationType valueType(int index) {
    boolean grouped = model.groupSize() >= 4;
    QuantizationType type =
        switch (recipe) {
          case Q2_K -> grouped ? QuantizationType.Q4_K : QuantizationType.Q3_K;
          case Q3_K_M -> index < 2 ? QuantizationType.Q5_K : QuantizationType.Q4_K;
          case Q3_K_L -> QuantizationType.Q5_K;
          case Q4_K_S -> index < 4 ? QuantizationType.Q5_K : recipe.type();
          case Q4_K_M, Q5_K_M ->
              QuantizationMix.needsMoreBits(index, valueCount)
                  ? QuantizationType.Q6_K
                  : recipe.type();
          case IQ4_NL -> grouped ? QuantizationType.Q5_K : recipe.type();
          default -> recipe.type();
        };
    if (model.experts() == 8) {
      return QuantizationType.Q8_0;
    }
    boolean coarse = type == QuantizationType.Q3_K || type == QuantizationType.Q4_K;
    return model.isSeventyBillion() && coarse ? QuantizationType.Q5_K : type;
  }

  private QuantizationType attentionOutputType() {
    if (model.falcon()) {
      return recipe == Q3_K_L ? QuantizationType.Q4_K : recipe.type();
    }
    if (model.experts() == 8) {
      return recipe.isOneOf(Q2_K, Q3_K_S, Q3_K_M, IQ4_NL, Q4_K_S, Q4_K_M)
          ? QuantizationType.Q5_K
          : recipe.type();
    }
    return switch (recipe) {
      case Q2_K -> QuantizationType.Q3_K;
      case Q3_K_M -> QuantizationType.Q4_K;
      case Q3_K_L -> QuantizationType.Q5_K;
      default -> recipe.type();
    };
  }

  private QuantizationType downType(int layer) {
    boolean finer = QuantizationMix.needsMoreBits(layer, model.layers());
    boolean first = layer < model.layers() / 8;
    if (model.falcon() && recipe.isOneOf(Q3_K_M, Q3_K_L, Q4_K_S, Q4_K_M)) {
      return falconDownType(layer, finer);
    }
    return switch (recipe) {
      case Q2_K -> QuantizationType.Q3_K;
      case Q3_K_M -> layer < model.layers() / 16 ? QuantizationType.Q5_K : QuantizationType.Q4_K;
      case Q3_K_L -> QuantizationType.Q5_K;
      case Q4_K_S, IQ4_NL -> first ? QuantizationType.Q5_K : recipe.type();
      case Q4_K_M, Q5_K_M -> finer ? QuantizationType.Q6_K : recipe.type();
      default -> recipe.type();
    };
  }

  private QuantizationType falconDownType(int layer, boolean finer) {
    boolean first = layer < model.layers() / 16;
    return switch (recipe) {
      case Q3_K_M ->
          first ? QuantizationType.Q5_K : finer ? QuantizationType.Q4_K : QuantizationType.Q3_K;
      case Q4_K_M ->
          first ? QuantizationType.Q6_K : finer ? QuantizationType.Q5_K : QuantizationType.Q4_K;
      default -> QuantizationType.Q4_K;
    };
  }

  // Experts are several in a layer, so that counting would not tell which it is.
  private int layerOfDown(String name, int counted) {
    return model.experts() > 1 ? layerOf(name) : counted;
  }

  /** Returns a tensor's layer; those of the whole model come before all. */
  private static int layerOf(String name) {
    Matcher layer = LAYER.matcher(name);
    return layer.lookingAt() ? Integer.parseInt(layer.group(1)) : -1;
  }
}
