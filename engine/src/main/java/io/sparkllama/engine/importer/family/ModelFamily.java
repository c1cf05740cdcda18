package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.importer.json.JsonObject;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Says how the checkpoints of a family become GGUF.
 *
 * @param architecture the GGUF's name for the family
 * @param modelClasses what config.json names among its {@code architectures}
 * @param shape reads the numbers that the tensors' shapes follow from
 * @param tiedByDefault whether the output is the embedding where config.json does not say
 * @param metadata sets the keys that begin with the architecture's name
 * @param tensors in the order in which the GGUF has them, layer by layer
 */
public record ModelFamily(
    String architecture,
    Set<String> modelClasses,
    Function<JsonObject, HyperParameters> shape,
    boolean tiedByDefault,
    MetadataRule metadata,
    List<TensorRule> tensors) {
  /** Tensors that checkpoints carry but that no forward pass reads, since they can be computed. */
  private static final Predicate<String> COMPUTED =
      Pattern.compile(
              ".*\\.(rotary_emb\\.inv_freq|attention\\.masked_bias|attn\\.bias|attn\\.masked_bias)"
                  + "|rope\\.freqs")
          .asMatchPredicate();

  public ModelFamily {
    modelClasses = Set.copyOf(modelClasses);
    tensors = List.copyOf(tensors);
  }

  /** Makes a family whose config.json has the usual names. */
  ModelFamily(
      String architecture,
      Set<String> modelClasses,
      boolean tiedByDefault,
      MetadataRule metadata,
      List<TensorRule> tensors) {
    this(architecture, modelClasses, HyperParameters::of, tiedByDefault, metadata, tensors);
  }

  /** Joins groups of rules. */
  @SafeVarargs
  public static List<TensorRule> rules(List<TensorRule>... groups) {
    return Arrays.stream(groups).flatMap(List::stream).toList();
  }

  /** Returns whether the output matrix is the token embedding. */
  public boolean isTied(JsonObject config) {
    return config.optionalBool("tie_word_embeddings").orElse(tiedByDefault);
  }

  /**
   * Returns the rules that a model of this family is imported by. A tied matrix may be stored under
   * either of its two names; of several rules for one tensor that counts whose sources are there.
   *
   * @param names of the checkpoint's tensors
   */
  public Stream<TensorRule> rules(JsonObject config, Set<String> names) {
    List<TensorRule> chosen = alternatives(names);
    if (!isTied(config)) {
      return chosen.stream();
    }
    List<String> outputNames = rule(DecoderTensors.OUTPUT).sources();
    return chosen.stream()
        .filter(rule -> !rule.target().equals(DecoderTensors.OUTPUT))
        .map(
            rule ->
                rule.target().equals(DecoderTensors.EMBEDDING)
                        && !names.containsAll(rule.sources())
                        && names.containsAll(outputNames)
                    ? rule.from(outputNames.toArray(String[]::new))
                    : rule);
  }

  /**
   * Of several rules for one tensor, takes the last that the checkpoint's first layer allows, or
   * the first.
   */
  private List<TensorRule> alternatives(Set<String> names) {
    Map<String, TensorRule> byTarget = new LinkedHashMap<>();
    for (TensorRule rule : tensors) {
      boolean there =
          rule.sources().stream().map(name -> TensorRule.named(name, 0)).allMatch(names::contains);
      byTarget.merge(rule.target(), rule, (first, next) -> there ? next : first);
    }
    return List.copyOf(byTarget.values());
  }

  private TensorRule rule(String target) {
    return tensors.stream().filter(rule -> rule.target().equals(target)).findFirst().orElseThrow();
  }

  /** Returns whether a tensor of the checkpoint that no rule takes may be left out. */
  public boolean isLeftOut(String name, JsonObject config) {
    return COMPUTED.test(name)
        || isTied(config) && rule(DecoderTensors.OUTPUT).sources().contains(name);
  }

  /** Returns the tensors that are computed from config.json. */
  public List<MadeTensor> madeTensors(JsonObject config, HyperParameters shape) {
    return RopeFactors.of(config, shape);
  }

  /** Sets the metadata that says what the model is. */
  public void writeMetadata(JsonObject config, HyperParameters shape, GgufContents contents) {
    contents.put("general.architecture", MetadataValue.ofString(architecture));
    metadata.write(config, shape, new ArchitectureKeys(architecture, contents));
  }
}
