package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;

import java.util.List;
import java.util.Set;

/**
 * Imports OLMo 2: norms after attention and after the feed-forward network, and on query and key
 * over all heads; RoPE turns halves.
 */
final class Olmo2Family {
  private static final List<TensorRule> NORMS =
      List.of(
          TensorRule.of("blk.{}.attn_q_norm.weight", QUERY)
              .from("model.layers.{}.self_attn.q_norm.weight"),
          TensorRule.of("blk.{}.attn_k_norm.weight", KEY)
              .from("model.layers.{}.self_attn.k_norm.weight"),
          TensorRule.of("blk.{}.post_attention_norm.weight", EMBEDDING)
              .from("model.layers.{}.post_attention_layernorm.weight"),
          TensorRule.of("blk.{}.post_ffw_norm.weight", EMBEDDING)
              .from("model.layers.{}.post_feedforward_layernorm.weight"));

  static final ModelFamily FAMILY =
      new ModelFamily(
          "olmo2",
          Set.of("Olmo2ForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("attention_bias")),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD,
              NORMS));

  private Olmo2Family() {}
}
