package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;

/**
 * Stretches RoPE as LongRoPE does (arXiv 2402.13753): a factor for each frequency, one set for
 * texts within the original context and one for longer ones, and a factor for attention.
 *
 * @param shortFactors {@code [rope dimension / 2]}
 * @param longFactors {@code [rope dimension / 2]}
 */
record LongRope(
    float[] shortFactors, float[] longFactors, int originalContext, double attentionFactor) {

  static LongRope of(JsonObject config, HyperParameters shape) {
    RopeConfig rope = RopeConfig.of(config);
    JsonObject values = rope.values();
    int original =
        config
            .optionalInteger("original_max_position_embeddings")
            .orElseGet(() -> values.integer("original_max_position_embeddings"));
    int context = config.integer("max_position_embeddings");
    if (original < 2 || original > context) {
      throw config.invalid(
          "original_max_position_embeddings",
          "must be 2 to max_position_embeddings but is " + original);
    }
    double stretch = (double) context / original;
    double attention =
        values
            .optionalPositive("attention_factor")
            .orElse(
                stretch <= 1
                    ? 1
                    : Math.sqrt(1 + StrictMath.log(stretch) / StrictMath.log(original)));
    int pairs = rope.dimension(config, shape) / 2;
    return new LongRope(
        factors(values, "short_factor", pairs),
        factors(values, "long_factor", pairs),
        original,
        attention);
  }

  private static float[] factors(JsonObject values, String name, int pairs) {
    float[] factors = values.reals(name);
    if (factors.length != pairs) {
      throw values.invalid(
          name, "must have " + pairs + " numbers, one for each pair, but has " + factors.length);
    }
    for (float factor : factors) {
      if (!(factor > 0)) {
        throw values.invalid(name, "must hold positive numbers but holds " + factor);
      }
    }
    return factors;
  }

  void write(ArchitectureKeys keys) {
    keys.number("rope.scaling.original_context_length", originalContext)
        .real("rope.scaling.attn_factor", attentionFactor);
  }

  List<MadeTensor> tensors() {
    return List.of(
        new MadeTensor("rope_factors_long.weight", longFactors),
        new MadeTensor("rope_factors_short.weight", shortFactors));
  }
}
