package io.sparkllama.engine.importer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.importer.checkpoint.OrderedRows;
import io.sparkllama.engine.importer.checkpoint.RowSource;
import io.sparkllama.engine.importer.checkpoint.StackedMatrices;
import io.sparkllama.engine.importer.checkpoint.StackedRows;
import io.sparkllama.engine.importer.checkpoint.Weights;
import io.sparkllama.engine.importer.family.HyperParameters;
import io.sparkllama.engine.importer.family.ModelFamily;
import io.sparkllama.engine.importer.family.RowOrder;
import io.sparkllama.engine.importer.family.TensorRule;
import io.sparkllama.engine.importer.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the tensors of a checkpoint that a family's rules ask for, and checks that all are there,
 * with the shapes that config.json asks for, and that none is left over: before anything is
 * written.
 */
final class ImportPlan {
  private static final int MOST_NAMES_IN_MESSAGE = 5;

  private final Path directory;
  private final Weights weights;
  private final ModelFamily family;
  private final JsonObject config;
  private final HyperParameters shape;
  private final Optional<QuantizationType> matrixType;
  private final Set<String> used = new HashSet<>();
  private final List<String> missing = new ArrayList<>();
  private final List<PlannedTensor> planned = new ArrayList<>();

  private ImportPlan(CheckpointModel model, Optional<QuantizationType> matrixType) {
    this.directory = model.directory();
    this.weights = model.weights();
    this.family = model.family();
    this.config = model.config();
    this.shape = model.shape();
    this.matrixType = matrixType;
  }

  /**
   * Returns the tensors to be written, in their order.
   *
   * @param matrixType of all matrices; empty for the type that each has in the checkpoint
   * @throws ModelFormatException where the checkpoint's tensors are not those of such a model
   */
  static List<PlannedTensor> of(CheckpointModel model, Optional<QuantizationType> matrixType) {
    return new ImportPlan(model, matrixType).plan();
  }

  private List<PlannedTensor> plan() {
    List<TensorRule> rules = family.rules(config, weights.names()).toList();
    requireExperts(rules);
    for (TensorRule rule : rules) {
      if (!rule.perLayer()) {
        add(rule, 0);
      }
    }
    for (int layer = 0; layer < shape.layers(); layer++) {
      for (TensorRule rule : rules) {
        if (rule.perLayer()) {
          add(rule, layer);
        }
      }
    }
    refuse("lacks tensors that " + family.architecture() + " needs", missing);
    List<String> unused =
        weights.names().stream()
            .filter(name -> !used.contains(name) && !family.isLeftOut(name, config))
            .toList();
    refuse("has tensors that " + family.architecture() + " has no place for", unused);
    return planned;
  }

  /** Counts before names are made: config.json may ask for millions of tensors. */
  private void requireExperts(List<TensorRule> rules) {
    long ofEach =
        rules.stream().filter(TensorRule::perExpert).mapToLong(rule -> rule.sources().size()).sum();
    long needed = ofEach * shape.layers() * shape.experts().count();
    if (needed > weights.names().size()) {
      throw failure(
          "config.json asks for more tensors of experts than the checkpoint has tensors",
          needed
              + " of "
              + shape.experts().count()
              + " experts in each of "
              + shape.layers()
              + " layers, but there are "
              + weights.names().size());
    }
  }

  private void add(TensorRule rule, int layer) {
    List<RowSource> sources = new ArrayList<>();
    List<String> absent = new ArrayList<>();
    for (String name : rule.sourceNames(layer, shape.experts().count())) {
      weights.rows(name).ifPresentOrElse(sources::add, () -> absent.add(name));
      used.add(name);
    }
    if (!absent.isEmpty()) {
      if (!rule.optional() || !sources.isEmpty()) {
        missing.addAll(absent);
      }
      return;
    }
    RowSource stacked = stacked(rule, sources);
    check(rule, sources, stacked);
    planned.add(planned(rule, layer, stacked));
  }

  private static RowSource stacked(TensorRule rule, List<RowSource> sources) {
    if (rule.perExpert()) {
      return new StackedMatrices(sources);
    }
    return sources.size() == 1 ? sources.get(0) : new StackedRows(sources);
  }

  private PlannedTensor planned(TensorRule rule, int layer, RowSource stacked) {
    RowSource source = stacked;
    if (rule.order() != RowOrder.AS_STORED) {
      source = new OrderedRows(stacked, rule.order().of(shape, stacked.rows()));
    }
    List<Long> outermostFirst = stacked.shape();
    long[] dimensions = new long[outermostFirst.size()];
    for (int i = 0; i < dimensions.length; i++) {
      dimensions[i] = outermostFirst.get(dimensions.length - 1 - i);
    }
    QuantizationType stored = stacked.type().imported().orElseThrow();
    return new PlannedTensor(
        TensorRule.named(rule.target(), layer),
        staysPrecise(rule, stacked) ? QuantizationType.F32 : matrixType.orElse(stored),
        dimensions,
        source,
        rule.addend());
  }

  /** Vectors and routers are small, and what they decide is not: GGUF has them in 32 bits. */
  private static boolean staysPrecise(TensorRule rule, RowSource stacked) {
    return stacked.shape().size() == 1
        || rule.target().endsWith("_norm.weight")
        || rule.target().contains(".ffn_gate_inp");
  }

  /** Checks types, and the shape as a whole: the rows of several sources count together. */
  private void check(TensorRule rule, List<RowSource> sources, RowSource stacked) {
    for (RowSource source : sources) {
      if (source.type().imported().isEmpty()) {
        throw failure(
            "the tensor has weights of type "
                + source.type()
                + ", which cannot be imported (possible: F32, F16, BF16)",
            source.describe());
      }
      if (source.type() != stacked.type() || source.columns() != stacked.columns()) {
        throw failure("tensors that become one have different types or widths", stacked.describe());
      }
    }
    if (rule.perExpert()) {
      for (RowSource source : sources) {
        requireShape(source, dimensions(rule).subList(1, rule.shape().size()));
      }
    }
    requireShape(stacked, dimensions(rule));
  }

  private void requireShape(RowSource source, List<Long> wanted) {
    if (!source.shape().equals(wanted)) {
      throw failure(
          "the tensor has the shape "
              + source.shape()
              + " but the model's numbers ask for "
              + wanted,
          source.describe());
    }
  }

  private List<Long> dimensions(TensorRule rule) {
    return rule.shape().stream().map(width -> width.of(shape)).toList();
  }

  private void refuse(String problem, List<String> names) {
    if (names.isEmpty()) {
      return;
    }
    List<String> first = names.subList(0, Math.min(MOST_NAMES_IN_MESSAGE, names.size()));
    String more =
        names.size() > first.size() ? " and " + (names.size() - first.size()) + " more" : "";
    throw failure("the checkpoint " + problem, String.join(", ", first) + more);
  }

  private ModelFormatException failure(String problem, String tensors) {
    return new ModelFormatException(problem + ": " + tensors + ": " + directory);
  }
}
