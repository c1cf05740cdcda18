package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.FEED_FORWARD;
import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;

import java.util.List;
import java.util.Set;

/**
 * Imports Phi-3, 3.5 and 4: query, key and value in one tensor, gate and up in another; RoPE turns
 * halves.
 */
final class Phi3Family {
  private static final Width QUERY_KEY_VALUE = shape -> QUERY.of(shape) + 2 * KEY.of(shape);
  private static final Width GATE_AND_UP = shape -> 2 * FEED_FORWARD.of(shape);

  private static final List<TensorRule> MATRICES =
      List.of(
          TensorRule.of("blk.{}.attn_qkv.weight", QUERY_KEY_VALUE, EMBEDDING)
              .from("model.layers.{}.self_attn.qkv_proj.weight"),
          TensorRule.of("blk.{}.attn_output.weight", EMBEDDING, QUERY)
              .from("model.layers.{}.self_attn.o_proj.weight"),
          TensorRule.of("blk.{}.ffn_up.weight", GATE_AND_UP, EMBEDDING)
              .from("model.layers.{}.mlp.gate_up_proj.weight"),
          TensorRule.of("blk.{}.ffn_down.weight", EMBEDDING, FEED_FORWARD)
              .from("model.layers.{}.mlp.down_proj.weight"));

  static final ModelFamily FAMILY =
      new ModelFamily(
          "phi3",
          Set.of("Phi3ForCausalLM"),
          false,
          ((MetadataRule) DecoderMetadata::shape)
              .and(DecoderMetadata::norm)
              .and(DecoderMetadata::partialRope)
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("attention_bias"))
              .and(DecoderMetadata::slidingWindow),
          ModelFamily.rules(DecoderTensors.ENDS, DecoderTensors.NORMS_BEFORE, MATRICES));

  private Phi3Family() {}
}
