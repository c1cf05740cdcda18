package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;

import java.util.List;
import java.util.Set;

/** Imports Qwen 2 and 2.5: biases on query, key and value; RoPE turns halves. */
final class Qwen2Family {
  /** Of query, key and value. */
  static final List<TensorRule> BIASES =
      List.of(
          TensorRule.of("blk.{}.attn_q.bias", QUERY).from("model.layers.{}.self_attn.q_proj.bias"),
          TensorRule.of("blk.{}.attn_k.bias", KEY).from("model.layers.{}.self_attn.k_proj.bias"),
          TensorRule.of("blk.{}.attn_v.bias", KEY).from("model.layers.{}.self_attn.v_proj.bias"));

  static final ModelFamily FAMILY =
      new ModelFamily(
          "qwen2",
          Set.of("Qwen2ForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("use_sliding_window")),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.QUERY_AND_KEY,
              BIASES,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD));

  private Qwen2Family() {}
}
