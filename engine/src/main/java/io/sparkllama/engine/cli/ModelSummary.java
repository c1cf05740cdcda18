package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.PackedPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Counts what a model file holds, and says why it is no whole model where it is none. Any valid
 * file will do.
 */
final class ModelSummary {
  private static final List<String> NEEDED_KEYS =
      List.of(
          "block_count",
          "context_length",
          "embedding_length",
          "feed_forward_length",
          "attention.head_count");

  /** What is missing from a file of another kind would fill pages. */
  private static final int MOST_MISSING = 20;

  private final GgufFile file;
  private final Map<QuantizationType, TypeTotal> totals = new TreeMap<>();
  private final Optional<ModelConfig> readable; // whether or not the tensors are there
  private final Optional<PackedPlan> packed;
  private final Optional<WeightWork> work;
  private final Optional<String> problem;

  /** Counts the tensors of one type. */
  record TypeTotal(long tensors, long elements, long bytes) {
    TypeTotal plus(TypeTotal other) {
      return new TypeTotal(tensors + other.tensors, elements + other.elements, bytes + other.bytes);
    }
  }

  ModelSummary(GgufFile file) {
    this.file = file;
    for (TensorInfo tensor : file.tensors()) {
      TypeTotal one = new TypeTotal(1, tensor.rows() * tensor.columns(), tensor.byteSize());
      totals.merge(tensor.type(), one, TypeTotal::plus);
    }
    ModelConfig found = null;
    PackedPlan plan = null;
    WeightWork counted = null;
    String why = null;
    try {
      found = ModelConfig.of(file);
      WeightMap weights = WeightMap.of(file, found);
      plan = PackedPlan.of(found, weights);
      counted = WeightWork.of(found, weights);
    } catch (ModelFormatException e) {
      why = FailureReport.sentence(e);
    }
    readable = Optional.ofNullable(found);
    packed = Optional.ofNullable(plan);
    work = Optional.ofNullable(counted);
    problem = Optional.ofNullable(why);
  }

  GgufFile file() {
    return file;
  }

  Map<QuantizationType, TypeTotal> totals() {
    return totals;
  }

  /** Returns all tensors together. */
  TypeTotal total() {
    return totals.values().stream().reduce(new TypeTotal(0, 0, 0), TypeTotal::plus);
  }

  /** Returns what the model is, where the file is a whole model that can be run. */
  Optional<ModelConfig> config() {
    return packed.isPresent() ? readable : Optional.empty();
  }

  /** Returns bytes of the packed file, which is mapped; empty where the file cannot be run. */
  OptionalLong packedBytes() {
    return packed.map(plan -> OptionalLong.of(plan.length())).orElse(OptionalLong.empty());
  }

  /** Returns the work of the matrices; empty where the file cannot be run. */
  Optional<WeightWork> work() {
    return work;
  }

  /** Returns the parameters that one token uses: all but those of the experts that it does not. */
  long parametersPerToken() {
    return total().elements() - work.map(WeightWork::unusedPerToken).orElse(0L);
  }

  /** Returns how many times the tensors' bytes the packed file has, to three decimals. */
  double packedFactor() {
    return Math.round(1000.0 * packedBytes().orElseThrow() / total().bytes()) / 1000.0;
  }

  /** Returns why the file cannot be run, where it cannot. */
  Optional<String> problem() {
    return problem;
  }

  Optional<String> architecture() {
    return file.metadata().optionalString("general.architecture");
  }

  /** Returns the first metadata keys and tensors that a whole model needs and the file lacks. */
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    Optional<String> architecture = architecture();
    if (architecture.isEmpty()) {
      missing.add("general.architecture");
    }
    architecture.ifPresent(name -> NEEDED_KEYS.forEach(key -> addKey(name + "." + key, missing)));
    addKey("tokenizer.ggml.model", missing);
    addKey("tokenizer.ggml.tokens", missing);
    readable.ifPresent(known -> missing.addAll(WeightMap.missing(file, known)));
    return missing.size() <= MOST_MISSING ? missing : missing.subList(0, MOST_MISSING);
  }

  private void addKey(String key, List<String> missing) {
    if (file.metadata().value(key).isEmpty()) {
      missing.add(key);
    }
  }
}
