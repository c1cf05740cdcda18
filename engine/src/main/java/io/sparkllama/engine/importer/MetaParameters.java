package io.sparkllama.engine.importer;

import io.sparkllama.engine.importer.checkpoint.RowSource;
import io.sparkllama.engine.importer.checkpoint.Weights;
import io.sparkllama.engine.importer.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Writes what Meta's params.json says as a config.json would. What it does not say follows from the
 * tensors, and the context's length from which model it is.
 */
final class MetaParameters {
  private static final int CONTEXT_OF_LLAMA_1 = 2048;
  private static final int CONTEXT_OF_LLAMA_2 = 4096;
  private static final int CONTEXT_OF_LLAMA_3 = 8192;
  private static final int CONTEXT_OF_LLAMA_3_1 = 131_072;
  private static final int CONTEXT_OF_CODE_LLAMA = 16_384;
  private static final int HEADS_OF_65B = 64;
  private static final int VOCABULARY_OF_LLAMA_3 = 128_256;

  private final JsonObject parameters;
  private final Weights weights;

  private MetaParameters(JsonObject parameters, Weights weights) {
    this.parameters = parameters;
    this.weights = weights;
  }

  static JsonObject asConfig(JsonObject parameters, Weights weights) {
    return new MetaParameters(parameters, weights).asConfig();
  }

  private JsonObject asConfig() {
    long vocabulary = rows("tok_embeddings.weight");
    Map<String, Object> config = new HashMap<>();
    config.put("hidden_size", parameters.integer("dim"));
    config.put("num_hidden_layers", parameters.integer("n_layers"));
    config.put("num_attention_heads", parameters.integer("n_heads"));
    config.put(
        "num_key_value_heads",
        parameters.optionalInteger("n_kv_heads").orElse(parameters.integer("n_heads")));
    config.put("intermediate_size", rows("layers.0.feed_forward.w1.weight"));
    config.put("vocab_size", vocabulary);
    config.put("rms_norm_eps", parameters.real("norm_eps"));
    config.put("rope_theta", parameters.optionalReal("rope_theta").orElse(10_000));
    config.put("max_position_embeddings", contextLength(vocabulary));
    config.put("tie_word_embeddings", weights.rows("output.weight").isEmpty());
    if (isStretched()) {
      config.put("rope_scaling", stretching());
    }
    return JsonObject.of(config, parameters.path());
  }

  private long rows(String name) {
    Optional<RowSource> tensor = weights.rows(name);
    return tensor
        .orElseThrow(
            () -> parameters.invalid("dim", "belongs to a checkpoint without the tensor " + name))
        .rows();
  }

  private boolean isStretched() {
    return parameters.optionalBool("use_scaled_rope").orElse(false);
  }

  /** As Meta's code has it: by 8, and by 32 in the models of 1 and 3 billion parameters. */
  private Map<String, Object> stretching() {
    boolean small = parameters.integer("dim") < 4096;
    return Map.of(
        "rope_type",
        "llama3",
        "factor",
        parameters.optionalReal("rope_scaling_factor").orElse(small ? 32 : 8),
        "low_freq_factor",
        1,
        "high_freq_factor",
        parameters.optionalReal("high_freq_factor").orElse(4),
        "original_max_position_embeddings",
        CONTEXT_OF_LLAMA_3);
  }

  private int contextLength(long vocabulary) {
    if (isStretched()) {
      return CONTEXT_OF_LLAMA_3_1;
    }
    if (vocabulary >= VOCABULARY_OF_LLAMA_3) {
      return CONTEXT_OF_LLAMA_3;
    }
    if (parameters.optionalReal("rope_theta").orElse(10_000) >= 1_000_000) {
      return CONTEXT_OF_CODE_LLAMA;
    }
    // LLaMA 1 has another epsilon than Llama 2, but for 65B, which unlike 70B shares no keys.
    boolean first =
        parameters.real("norm_eps") < 5e-6
            || parameters.integer("n_heads") == HEADS_OF_65B && !parameters.has("n_kv_heads");
    return first ? CONTEXT_OF_LLAMA_1 : CONTEXT_OF_LLAMA_2;
  }
}
