package io.sparkllama.engine.model;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds what an adapter file changes of a model, as llama.cpp's convert_lora_to_gguf writes it: for
 * a weight W of the tensor NAME the matrices A and B, {@code NAME.lora_a} and {@code NAME.lora_b},
 * which make it {@code W x + scale * B (A x)}. The file is not trusted.
 *
 * @param changes of each weight at most one, at least one of all
 */
public record Adapter(String name, GgufFile file, List<Change> changes) {
  /** Most rows of A: far beyond what anyone trains. */
  static final int MOST_RANK = 4096;

  private static final String SUFFIX_A = ".lora_a";
  private static final String SUFFIX_B = ".lora_b";
  private static final int MOST_NAMES_IN_MESSAGE = 5;

  /**
   * Is the change of one weight. Weights that are parts of one tensor have the same A, and of B the
   * rows that are theirs.
   *
   * @param layer 0 for the output matrix
   * @param a [rank, inputs]
   * @param b [outputs, rank]
   * @param scale that of the file, {@code alpha / rank}, times the user's, as float32
   */
  public record Change(WeightRole role, int layer, TensorInfo a, TensorInfo b, float scale) {
    /** Returns the rows of A. */
    public int rank() {
      return (int) a.rows();
    }
  }

  /** Is a weight that may be changed, and where in its tensor it is. */
  private record Target(WeightList.Weight weight, int layer) {}

  /** Holds the matrices of one tensor; null where the file lacks one. */
  private record Pair(TensorInfo a, TensorInfo b) {
    Pair with(TensorInfo tensor) {
      return tensor.name().endsWith(SUFFIX_A) ? new Pair(tensor, b) : new Pair(a, tensor);
    }
  }

  public Adapter {
    changes = List.copyOf(changes);
  }

  /**
   * Reads and checks a file against the model that it is to change. Matrices are not read.
   *
   * @throws InvalidConfigurationException where there is no such file
   * @throws ModelFormatException where the file is damaged, is no adapter, is one of another model
   *     or asks for what the forward pass does not do
   */
  public static Adapter of(AdapterFile source, GgufFile model, ModelConfig config) {
    if (!Files.isRegularFile(source.path())) {
      throw new InvalidConfigurationException(
          "the adapter's file does not exist or is no file: "
              + source.name()
              + ": "
              + source.path());
    }
    GgufFile file = GgufFile.read(source.path());
    Architecture architecture = Architectures.of(model.metadata());
    double alpha = alpha(file.metadata(), architecture);
    Map<String, List<Target>> targets = targets(architecture.weights(config), config);
    List<Change> changes = new ArrayList<>();
    pairs(file, targets, architecture)
        .forEach(
            (name, pair) -> {
              check(name, pair, targets.get(name).get(0).weight().shape(), file);
              float scale = scale(source, alpha / pair.a().rows(), file);
              for (Target target : targets.get(name)) {
                changes.add(change(target, pair, scale));
              }
            });
    return new Adapter(source.name(), file, changes);
  }

  private static float scale(AdapterFile source, double alphaByRank, GgufFile file) {
    float scale = (float) (source.scale() * alphaByRank);
    if (Float.isInfinite(scale)) {
      throw refused(
          "has a scale beyond what float32 holds, that of the file times the one given",
          alphaByRank + " times " + source.scale(),
          file);
    }
    return scale;
  }

  private static Change change(Target target, Pair pair, float scale) {
    WeightList.Weight weight = target.weight();
    return new Change(
        weight.role(),
        target.layer(),
        pair.a(),
        pair.b().slice(weight.firstRow(), weight.rows()),
        scale);
  }

  /** Returns the file's alpha, when the metadata says that it is an adapter for this model. */
  private static double alpha(GgufMetadata metadata, Architecture architecture) {
    require(metadata, "general.type", "adapter", "the file is no adapter");
    require(metadata, "adapter.type", "lora", "no other adapters are supported");
    require(metadata, "general.architecture", architecture.id(), "it must be the model's own");
    Optional<String> invocation =
        metadata.keys().stream().filter(key -> key.startsWith("adapter.alora.")).findFirst();
    if (invocation.isPresent()) {
      throw metadata.invalid(
          invocation.get(),
          "makes the adapter begin at certain tokens (aLoRA), which is not supported");
    }
    String key = "adapter.lora.alpha";
    double alpha = metadata.floatingPoint(key);
    if (!Double.isFinite(alpha) || alpha == 0) {
      throw metadata.invalid(key, "must be a number other than 0 but is " + alpha);
    }
    return alpha;
  }

  private static void require(GgufMetadata metadata, String key, String wanted, String reason) {
    String value = metadata.string(key);
    if (!value.equals(wanted)) {
      throw metadata.invalid(key, "must be " + wanted + " but is " + value + ": " + reason);
    }
  }

  /** Returns the weights that adapters may change, by the tensor that they are in. */
  private static Map<String, List<Target>> targets(WeightList list, ModelConfig config) {
    Map<String, List<Target>> targets = new LinkedHashMap<>();
    for (WeightRole role : WeightRole.values()) {
      Optional<WeightList.Weight> weight = isAdaptable(role) ? list.weight(role) : Optional.empty();
      int layers = role.perLayer() ? config.layerCount() : 1;
      for (int layer = 0; layer < layers && weight.isPresent(); layer++) {
        targets
            .computeIfAbsent(weight.get().tensorName(layer), any -> new ArrayList<>())
            .add(new Target(weight.get(), layer));
      }
    }
    return targets;
  }

  private static boolean isAdaptable(WeightRole role) {
    return switch (role) {
      case OUTPUT,
          ATTENTION_QUERY,
          ATTENTION_KEY,
          ATTENTION_VALUE,
          ATTENTION_OUTPUT,
          FEED_FORWARD_GATE,
          FEED_FORWARD_UP,
          FEED_FORWARD_DOWN ->
          true;
      default -> false;
    };
  }

  /** Returns the matrices by the tensor that they change; refuses a file with any others. */
  private static Map<String, Pair> pairs(
      GgufFile file, Map<String, List<Target>> targets, Architecture architecture) {
    Map<String, Pair> pairs = new LinkedHashMap<>();
    TreeSet<String> others = new TreeSet<>();
    for (TensorInfo tensor : file.tensors()) {
      boolean matrix = tensor.name().endsWith(SUFFIX_A) || tensor.name().endsWith(SUFFIX_B);
      String base =
          matrix
              ? tensor.name().substring(0, tensor.name().length() - SUFFIX_A.length())
              : tensor.name();
      if (matrix && targets.containsKey(base)) {
        pairs.merge(base, new Pair(null, null).with(tensor), (known, added) -> known.with(tensor));
      } else {
        others.add(base);
      }
    }
    if (!others.isEmpty()) {
      throw refused(
          "changes tensors that adapters of "
              + architecture.id()
              + " cannot change (attention's and the feed-forward network's matrices and the output"
              + " matrix they can; token embedding, norms, biases, experts and their routers not)",
          others.stream().limit(MOST_NAMES_IN_MESSAGE).collect(Collectors.joining(", ")),
          file);
    }
    if (pairs.isEmpty()) {
      throw refused("changes nothing", "it has no tensors", file);
    }
    return pairs;
  }

  /**
   * @param shape of the tensor that is changed, [inputs, outputs]
   */
  private static void check(String name, Pair pair, long[] shape, GgufFile file) {
    if (pair.a() == null || pair.b() == null) {
      throw refused("lacks one of a tensor's two matrices, lora_a and lora_b", name, file);
    }
    for (TensorInfo matrix : List.of(pair.a(), pair.b())) {
      switch (matrix.type()) {
        case F32, F16, BF16, Q8_0 -> {}
        default ->
            throw refused(
                "has a matrix of a type other than F32, F16, BF16 and Q8_0",
                matrix.name() + " of type " + matrix.type(),
                file);
      }
    }
    long rank = pair.a().rows();
    if (pair.a().columns() != shape[0]
        || pair.b().rows() != shape[1]
        || pair.b().columns() != rank
        || pair.a().dimensions().length > 2
        || pair.b().dimensions().length > 2) {
      throw refused(
          "does not fit the model: a tensor of %d outputs and %d inputs needs an A of as many"
                  .formatted(shape[1], shape[0])
              + " columns, and a B of as many rows and of A's rows as columns",
          "%s: A has %d rows of %d, B %d of %d"
              .formatted(name, rank, pair.a().columns(), pair.b().rows(), pair.b().columns()),
          file);
    }
    if (rank > MOST_RANK) {
      throw refused("has a rank above " + MOST_RANK, name + ": " + rank, file);
    }
  }

  private static ModelFormatException refused(String problem, String where, GgufFile file) {
    return new ModelFormatException(
        "the adapter " + problem + ": " + where + ": " + file.parts().get(0));
  }

  /** Returns the type in which a matrix is kept: that of the file, where products read it so. */
  public static QuantizationType keptType(TensorInfo matrix) {
    return matrix.type() == QuantizationType.Q8_0 ? QuantizationType.F32 : matrix.type();
  }
}
