package io.sparkllama.engine.model;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/** Says what the forward pass of a kind of model needs: which weights, which RoPE layout. */
public enum Architecture {
  /** RMSNorm, RoPE, grouped-query attention, SwiGLU; GGUF's converter permutes Q and K for it. */
  LLAMA(
      "llama",
      RopeLayout.ADJACENT,
      EnumSet.complementOf(EnumSet.of(WeightRole.OUTPUT, WeightRole.ROPE_FACTORS)),
      EnumSet.of(WeightRole.OUTPUT, WeightRole.ROPE_FACTORS));

  private static final String KEY = "general.architecture";

  private final String id;
  private final RopeLayout ropeLayout;
  private final Set<WeightRole> requiredWeights;
  private final Set<WeightRole> optionalWeights;

  Architecture(
      String id,
      RopeLayout ropeLayout,
      Set<WeightRole> requiredWeights,
      Set<WeightRole> optionalWeights) {
    this.id = id;
    this.ropeLayout = ropeLayout;
    this.requiredWeights = Set.copyOf(requiredWeights);
    this.optionalWeights = Set.copyOf(optionalWeights);
  }

  /** Returns the name that {@code general.architecture} has. */
  public String id() {
    return id;
  }

  RopeLayout ropeLayout() {
    return ropeLayout;
  }

  Set<WeightRole> requiredWeights() {
    return requiredWeights;
  }

  Set<WeightRole> optionalWeights() {
    return optionalWeights;
  }

  /**
   * Returns the architecture that the metadata names.
   *
   * @throws ModelFormatException where it names none or one that does not run
   */
  static Architecture of(GgufMetadata metadata) {
    String id = metadata.string(KEY);
    return Arrays.stream(values())
        .filter(architecture -> architecture.id.equals(id))
        .findFirst()
        .orElseThrow(() -> unsupported(metadata, id));
  }

  private static ModelFormatException unsupported(GgufMetadata metadata, String id) {
    String supported =
        Arrays.stream(values()).map(Architecture::id).collect(Collectors.joining(", "));
    return metadata.invalid(
        KEY, "names " + id + ", which is not supported (supported: " + supported + ")");
  }
}
