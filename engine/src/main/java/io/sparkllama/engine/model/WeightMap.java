package io.sparkllama.engine.model;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Finds the tensor of each role and layer, with shapes checked against the hyper-parameters. */
public final class WeightMap {
  private static final int MAX_NAMES_IN_MESSAGE = 5;

  /** Tensors that old converters wrote and that no forward pass reads. */
  private static final Pattern IGNORED = Pattern.compile("blk\\.\\d+\\.attn_rot_embd(\\.weight)?");

  private final Map<WeightRole, List<TensorInfo>> tensors; // [role][layer, or 0]

  private WeightMap(Map<WeightRole, List<TensorInfo>> tensors) {
    this.tensors = tensors;
  }

  /**
   * Resolves every weight that the architecture needs.
   *
   * @throws ModelFormatException where tensors are missing, have another shape or a type that the
   *     role cannot have, or where the file has tensors that the forward pass would not use, so
   *     that its results would be wrong
   */
  public static WeightMap of(GgufFile file, ModelConfig config) {
    Architecture architecture = Architecture.of(file.metadata());
    Map<WeightRole, List<TensorInfo>> found = new EnumMap<>(WeightRole.class);
    List<String> missing = new ArrayList<>();
    Set<String> used = new HashSet<>();
    for (WeightRole role : WeightRole.values()) {
      boolean required = architecture.requiredWeights().contains(role);
      if (!required && !architecture.optionalWeights().contains(role)) {
        continue;
      }
      List<TensorInfo> layers = new ArrayList<>();
      for (int layer = 0; layer < (role.perLayer() ? config.layerCount() : 1); layer++) {
        String name = role.tensorName(layer);
        Optional<TensorInfo> tensor = file.tensor(name);
        if (tensor.isPresent()) {
          check(role, tensor.get(), config, file);
          layers.add(tensor.get());
          used.add(name);
        } else if (required) {
          missing.add(name);
        }
      }
      found.put(role, List.copyOf(layers));
    }
    refuse("lacks tensors that " + architecture.id() + " needs", missing, file);
    List<String> unused =
        file.tensors().stream()
            .map(TensorInfo::name)
            .filter(name -> !used.contains(name) && !IGNORED.matcher(name).matches())
            .toList();
    refuse("has tensors that " + architecture.id() + " does not use", unused, file);
    return new WeightMap(found);
  }

  /**
   * Returns a tensor that the architecture needs; {@code layer} is ignored for tensors of the whole
   * model. For {@link WeightRole#OUTPUT} this is the token embedding where they are tied.
   */
  public TensorInfo tensor(WeightRole role, int layer) {
    if (role == WeightRole.OUTPUT && outputIsTied()) {
      return tensor(WeightRole.TOKEN_EMBEDDING, 0);
    }
    return optionalTensor(role, layer)
        .orElseThrow(() -> new IllegalArgumentException("model has no " + role));
  }

  /** Returns a tensor as the file has it, if it does. */
  public Optional<TensorInfo> optionalTensor(WeightRole role, int layer) {
    List<TensorInfo> layers = tensors.getOrDefault(role, List.of());
    return layers.isEmpty()
        ? Optional.empty()
        : Optional.of(layers.get(role.perLayer() ? layer : 0));
  }

  /** Returns whether the token embedding also serves as the output matrix. */
  public boolean outputIsTied() {
    return optionalTensor(WeightRole.OUTPUT, 0).isEmpty();
  }

  private static void check(WeightRole role, TensorInfo tensor, ModelConfig config, GgufFile file) {
    long[] shape = shape(role, config);
    if (!matches(shape, tensor.dimensions())) {
      throw new ModelFormatException(
          "tensor "
              + tensor.name()
              + " has the shape "
              + describe(tensor.dimensions())
              + " but the metadata asks for "
              + describe(shape)
              + ": "
              + file.parts().get(tensor.part()));
    }
    if (role == WeightRole.ROPE_FACTORS && tensor.type() != QuantizationType.F32) {
      throw new ModelFormatException(
          "tensor "
              + tensor.name()
              + " must be F32 but has type "
              + tensor.type()
              + ": "
              + file.parts().get(tensor.part()));
    }
  }

  /** Returns the dimensions that a role must have, innermost first, as {@link TensorInfo} has. */
  private static long[] shape(WeightRole role, ModelConfig config) {
    long embedding = config.embeddingLength();
    long queryWidth = (long) config.headCount() * config.headDimension();
    long keyWidth = (long) config.kvHeadCount() * config.headDimension();
    long feedForward = config.feedForwardLength();
    return switch (role) {
      case TOKEN_EMBEDDING, OUTPUT -> new long[] {embedding, config.vocabularySize()};
      case OUTPUT_NORM, ATTENTION_NORM, FEED_FORWARD_NORM -> new long[] {embedding};
      case ROPE_FACTORS -> new long[] {config.ropeDimension() / 2};
      case ATTENTION_QUERY -> new long[] {embedding, queryWidth};
      case ATTENTION_KEY, ATTENTION_VALUE -> new long[] {embedding, keyWidth};
      case ATTENTION_OUTPUT -> new long[] {queryWidth, embedding};
      case FEED_FORWARD_GATE, FEED_FORWARD_UP -> new long[] {embedding, feedForward};
      case FEED_FORWARD_DOWN -> new long[] {feedForward, embedding};
    };
  }

  private static boolean matches(long[] shape, long[] dimensions) {
    for (int i = 0; i < Math.max(shape.length, dimensions.length); i++) {
      long expected = i < shape.length ? shape[i] : 1;
      long actual = i < dimensions.length ? dimensions[i] : 1;
      if (expected != actual) {
        return false;
      }
    }
    return true;
  }

  private static String describe(long[] dimensions) {
    StringBuilder text = new StringBuilder();
    for (long dimension : dimensions) {
      text.append(text.isEmpty() ? "" : " x ").append(dimension);
    }
    return text.toString();
  }

  private static void refuse(String problem, List<String> names, GgufFile file) {
    if (names.isEmpty()) {
      return;
    }
    List<String> first = names.subList(0, Math.min(MAX_NAMES_IN_MESSAGE, names.size()));
    String more =
        names.size() > first.size() ? " and " + (names.size() - first.size()) + " more" : "";
    throw new ModelFormatException(
        "the model "
            + problem
            + ": "
            + String.join(", ", first)
            + more
            + ": "
            + file.parts().get(0));
  }
}
