package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;

/** Makes the tensors by which a GGUF stretches RoPE, where the model has it stretched so. */
final class RopeFactors {
  private RopeFactors() {}

  static List<MadeTensor> of(JsonObject config, HyperParameters shape) {
    RopeConfig rope = RopeConfig.of(config);
    return switch (rope.type()) {
      case "llama3" -> List.of(new MadeTensor("rope_freqs.weight", llama3(rope, config, shape)));
      case "longrope", "su" -> LongRope.of(config, shape).tensors();
      default -> List.of();
    };
  }

  /**
   * As Llama 3.1 defines it: frequencies that turn often within the original context stay, those
   * that turn seldom are divided by the factor, and those between are blended.
   */
  private static float[] llama3(RopeConfig rope, JsonObject config, HyperParameters shape) {
    double factor = rope.values().positive("factor");
    double low = rope.values().positive("low_freq_factor");
    double high = rope.values().positive("high_freq_factor");
    double context =
        rope.values()
            .optionalPositive("original_max_position_embeddings")
            .orElse(config.integer("max_position_embeddings"));
    if (high <= low) {
      throw rope.values().invalid("high_freq_factor", "must be above low_freq_factor");
    }
    int dimension = rope.dimension(config, shape);
    float[] factors = new float[dimension / 2];
    for (int pair = 0; pair < factors.length; pair++) {
      double wavelength = 2 * Math.PI * StrictMath.pow(rope.base(), 2.0 * pair / dimension);
      double blend = Math.min(1, Math.max(0, (context / wavelength - low) / (high - low)));
      factors[pair] = (float) (1 / ((1 - blend) / factor + blend));
    }
    return factors;
  }
}
