package io.sparkllama.engine.model;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Finds the tensor of each role and layer, or the rows of one that are the weight, with shapes
 * checked against the hyper-parameters.
 */
public final class WeightMap {
  private static final int MAX_NAMES_IN_MESSAGE = 5;

  /** Tensors that old converters wrote and that no forward pass reads. */
  private static final Pattern IGNORED = Pattern.compile("blk\\.\\d+\\.attn_rot_embd(\\.weight)?");

  // [role][layer, or 0][expert, or 0]; where a weight is a part of a tensor, that part.
  private final Map<WeightRole, List<List<TensorInfo>>> tensors;

  private WeightMap(Map<WeightRole, List<List<TensorInfo>>> tensors) {
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
    Architecture architecture = Architectures.of(file.metadata());
    WeightList list = architecture.weights(config);
    Map<WeightRole, List<List<TensorInfo>>> found = new EnumMap<>(WeightRole.class);
    Set<String> missing = new LinkedHashSet<>(); // several weights may be parts of one tensor
    Set<String> used = new HashSet<>();
    for (WeightRole role : WeightRole.values()) {
      Optional<WeightList.Weight> weight = list.weight(role);
      if (weight.isPresent()) {
        missing.addAll(absent(weight.get(), file, config));
        found.put(role, present(weight.get(), file, config, used));
      }
    }
    refuse("lacks tensors that " + architecture.id() + " needs", List.copyOf(missing), file);
    List<String> unused =
        file.tensors().stream()
            .map(TensorInfo::name)
            .filter(name -> !used.contains(name) && !IGNORED.matcher(name).matches())
            .toList();
    refuse("has tensors that " + architecture.id() + " does not use", unused, file);
    return new WeightMap(found);
  }

  /**
   * Returns the names of the tensors that a model with these hyper-parameters needs and lacks,
   * layer by layer.
   */
  public static List<String> missing(GgufFile file, ModelConfig config) {
    WeightList list = Architectures.of(file.metadata()).weights(config);
    Set<String> ordered = new LinkedHashSet<>();
    Set<String> absent = new HashSet<>();
    for (WeightRole role : WeightRole.values()) {
      list.weight(role).ifPresent(weight -> absent.addAll(absent(weight, file, config)));
    }
    for (int layer = -1; layer < config.layerCount(); layer++) { // -1: those of the whole model
      for (WeightRole role : WeightRole.values()) {
        if (role.perLayer() == layer >= 0) {
          int number = layer;
          list.weight(role).ifPresent(weight -> ordered.addAll(names(weight, number, file)));
        }
      }
    }
    ordered.retainAll(absent);
    return List.copyOf(ordered);
  }

  /** Returns the names that the file lacks: of an optional weight none where no layer has it. */
  private static List<String> absent(WeightList.Weight weight, GgufFile file, ModelConfig config) {
    List<String> names =
        layers(weight, config).flatMap(layer -> names(weight, layer, file).stream()).toList();
    List<String> absent = names.stream().filter(name -> file.tensor(name).isEmpty()).toList();
    return weight.isRequired() || absent.size() < names.size() ? absent : List.of();
  }

  /**
   * Returns a weight of all layers that have it, checked; adds the tensors' names to those used.
   */
  private static List<List<TensorInfo>> present(
      WeightList.Weight weight, GgufFile file, ModelConfig config, Set<String> used) {
    return layers(weight, config)
        .map(layer -> presentIn(layer, weight, file, used))
        .filter(found -> !found.isEmpty())
        .toList();
  }

  private static List<TensorInfo> presentIn(
      int layer, WeightList.Weight weight, GgufFile file, Set<String> used) {
    List<String> names = names(weight, layer, file);
    List<TensorInfo> found = new ArrayList<>();
    for (String name : names) {
      Optional<TensorInfo> tensor = file.tensor(name);
      if (tensor.isPresent()) {
        int matrices = weight.count() / names.size();
        check(weight, matrices, tensor.get(), file);
        found.addAll(parts(weight, matrices, tensor.get()));
        used.add(name);
      }
    }
    return List.copyOf(found);
  }

  /** Returns what of a tensor is the weight: all, some rows, or the rows of each expert. */
  private static List<TensorInfo> parts(WeightList.Weight weight, int matrices, TensorInfo tensor) {
    if (weight.role().isVector()) {
      return List.of(tensor);
    }
    return IntStream.range(0, matrices)
        .mapToObj(i -> tensor.slice(weight.firstRow() + i * weight.rows(), weight.rows()))
        .toList();
  }

  /**
   * Returns the tensors that hold a weight in a layer: of experts one, or one for each, which a
   * file of fewer tensors cannot have.
   */
  private static List<String> names(WeightList.Weight weight, int layer, GgufFile file) {
    String name = weight.tensorName(layer);
    if (weight.role().perExpert()
        && weight.count() <= file.tensors().size()
        && file.tensor(name).isEmpty()) {
      List<String> experts =
          IntStream.range(0, weight.count())
              .mapToObj(expert -> weight.expertName(layer, expert))
              .toList();
      if (experts.stream().anyMatch(one -> file.tensor(one).isPresent())) {
        return experts;
      }
    }
    return List.of(name);
  }

  private static Stream<Integer> layers(WeightList.Weight weight, ModelConfig config) {
    return IntStream.range(0, weight.role().perLayer() ? config.layerCount() : 1).boxed();
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

  /**
   * Returns a tensor, or the part of one that is the weight, where the file has it. The role is
   * none that each expert has.
   */
  public Optional<TensorInfo> optionalTensor(WeightRole role, int layer) {
    if (role.perExpert()) {
      throw new IllegalArgumentException("each expert has one: " + role);
    }
    return tensors(role, layer).stream().findFirst();
  }

  /**
   * Returns all tensors of a role in a layer, or the parts of one that are the weights: one, or one
   * of each expert, in order; none where the model has no such weight.
   */
  public List<TensorInfo> tensors(WeightRole role, int layer) {
    List<List<TensorInfo>> layers = tensors.getOrDefault(role, List.of());
    return layers.isEmpty() ? List.of() : layers.get(role.perLayer() ? layer : 0);
  }

  /** Returns whether the token embedding also serves as the output matrix. */
  public boolean outputIsTied() {
    return optionalTensor(WeightRole.OUTPUT, 0).isEmpty();
  }

  private static void check(
      WeightList.Weight weight, int matrices, TensorInfo tensor, GgufFile file) {
    long[] shape = weight.shape(matrices);
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
    if (isRopeFactors(weight.role()) && tensor.type() != QuantizationType.F32) {
      throw new ModelFormatException(
          "tensor "
              + tensor.name()
              + " must be F32 but has type "
              + tensor.type()
              + ": "
              + file.parts().get(tensor.part()));
    }
  }

  private static boolean isRopeFactors(WeightRole role) {
    return role == WeightRole.ROPE_FACTORS
        || role == WeightRole.ROPE_FACTORS_LONG
        || role == WeightRole.ROPE_FACTORS_SHORT;
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
