package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.HEAD;

import java.util.List;
import java.util.Set;

/** Imports Qwen 3: a norm on each head of query and key; RoPE turns halves. */
final class Qwen3Family {
  /** Of each head of query and key. */
  static final List<TensorRule> HEAD_NORMS =
      List.of(
          TensorRule.of("blk.{}.attn_q_norm.weight", HEAD)
              .from("model.layers.{}.self_attn.q_norm.weight"),
          TensorRule.of("blk.{}.attn_k_norm.weight", HEAD)
              .from("model.layers.{}.self_attn.k_norm.weight"));

  static final ModelFamily FAMILY =
      new ModelFamily(
          "qwen3",
          Set.of("Qwen3ForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("attention_bias"))
              .and(DecoderMetadata.refuseSwitch("use_sliding_window")),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.QUERY_AND_KEY,
              HEAD_NORMS,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private Qwen3Family() {}
}
