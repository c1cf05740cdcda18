package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.FEED_FORWARD;
import static io.sparkllama.engine.importer.family.Width.VOCABULARY;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Imports Falcon: LayerNorm, Q, K and V in one tensor, a feed-forward network beside attention.
 * Where attention has a norm of its own, GGUF calls the other one {@code attn_norm}.
 */
final class FalconFamily {
  private static final int CONTEXT_LENGTH = 2048;
  private static final double NORM_EPSILON = 1e-5;
  private static final String LAYER = "transformer.h.{}.";

  private static final List<TensorRule> ENDS =
      List.of(
          TensorRule.of(DecoderTensors.EMBEDDING, VOCABULARY, EMBEDDING)
              .from("transformer.word_embeddings.weight"),
          TensorRule.of("output_norm.weight", EMBEDDING).from("transformer.ln_f.weight"),
          TensorRule.of("output_norm.bias", EMBEDDING).from("transformer.ln_f.bias"),
          TensorRule.of(DecoderTensors.OUTPUT, VOCABULARY, EMBEDDING).from("lm_head.weight"));

  private static final List<TensorRule> NORMS =
      List.of(
          norm("attn_norm.weight", "input_layernorm.weight"),
          norm("attn_norm.weight", "ln_mlp.weight"),
          norm("attn_norm.bias", "input_layernorm.bias"),
          norm("attn_norm.bias", "ln_mlp.bias"),
          norm("attn_norm_2.weight", "ln_attn.weight").orAbsent(),
          norm("attn_norm_2.bias", "ln_attn.bias").orAbsent());

  private static final List<TensorRule> MATRICES =
      List.of(
          TensorRule.of("blk.{}.attn_qkv.weight", FalconFamily::fusedRows, EMBEDDING)
              .from(LAYER + "self_attention.query_key_value.weight")
              .ordered((shape, rows) -> row -> groupedRow(shape, row)),
          TensorRule.of("blk.{}.attn_output.weight", EMBEDDING, Width.QUERY)
              .from(LAYER + "self_attention.dense.weight"),
          TensorRule.of("blk.{}.ffn_up.weight", FEED_FORWARD, EMBEDDING)
              .from(LAYER + "mlp.dense_h_to_4h.weight"),
          TensorRule.of("blk.{}.ffn_down.weight", EMBEDDING, FEED_FORWARD)
              .from(LAYER + "mlp.dense_4h_to_h.weight"));

  static final ModelFamily FAMILY =
      new ModelFamily(
          "falcon",
          Set.of("FalconForCausalLM"),
          FalconFamily::shape,
          true,
          ((MetadataRule) FalconFamily::write)
              .and(DecoderMetadata::rope)
              .and(DecoderMetadata.requireText("activation", List.of("gelu")))
              .and(DecoderMetadata.refuseSwitch("alibi"))
              .and(DecoderMetadata.refuseSwitch("bias"))
              .and(FalconFamily::requireBeside),
          ModelFamily.rules(ENDS, NORMS, MATRICES));

  private FalconFamily() {}

  private static TensorRule norm(String target, String source) {
    return TensorRule.of("blk.{}." + target, EMBEDDING).from(LAYER + source);
  }

  /** Reads the shape under the names that other families have. */
  private static HyperParameters shape(JsonObject config) {
    int embedding = config.integer("hidden_size");
    int heads = config.integer("num_attention_heads");
    int kvHeads = 1;
    if (isNew(config)) {
      kvHeads = config.optionalInteger("num_kv_heads").orElse(heads);
    } else if (!config.optionalBool("multi_query").orElse(true)) {
      kvHeads = heads;
    }
    Map<String, Object> usual = new HashMap<>();
    usual.put("num_hidden_layers", config.integer("num_hidden_layers"));
    usual.put("hidden_size", embedding);
    usual.put("num_attention_heads", heads);
    usual.put("num_key_value_heads", kvHeads);
    usual.put(
        "intermediate_size",
        config.has("ffn_hidden_size") ? config.integer("ffn_hidden_size") : 4L * embedding);
    usual.put("vocab_size", config.integer("vocab_size"));
    return HyperParameters.of(JsonObject.of(usual, config.path()));
  }

  /** Returns whether it is as the 40B model and later ones are. */
  private static boolean isNew(JsonObject config) {
    return config.optionalBool("new_decoder_architecture").orElse(false);
  }

  private static void write(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    int contextLength = config.optionalInteger("max_position_embeddings").orElse(CONTEXT_LENGTH);
    Map<String, Object> context = Map.of("max_position_embeddings", contextLength);
    DecoderMetadata.shape(JsonObject.of(context, config.path()), shape, keys);
    keys.text("tensor_data_layout", "jploski")
        .real(
            "attention.layer_norm_epsilon",
            config.optionalPositive("layer_norm_epsilon").orElse(NORM_EPSILON));
  }

  private static void requireBeside(
      JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    if (!isNew(config) && !config.optionalBool("parallel_attn").orElse(true)) {
      throw config.invalid(
          "parallel_attn", "is off: a feed-forward network after attention is not supported");
    }
  }

  private static long fusedRows(HyperParameters shape) {
    return (shape.heads() + 2L * shape.kvHeads()) * shape.headDimension();
  }

  /**
   * Returns where a row of all queries, then all keys, then all values stands in a checkpoint:
   * there the queries of each group are followed by its key and its value.
   */
  private static long groupedRow(HyperParameters shape, long row) {
    long width = shape.headDimension();
    long queries = shape.heads() / shape.kvHeads();
    long head = row / width;
    long group;
    long place;
    if (head < shape.heads()) {
      group = head / queries;
      place = head % queries;
    } else {
      group = (head - shape.heads()) % shape.kvHeads();
      place = queries + (head - shape.heads()) / shape.kvHeads();
    }
    return (group * (queries + 2) + place) * width + row % width;
  }
}
