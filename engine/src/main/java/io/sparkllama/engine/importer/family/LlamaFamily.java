package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;

import java.util.List;
import java.util.Set;

/** Imports LLaMA 1 to 3.x, Mistral, and what is built like them. */
final class LlamaFamily {
  /** Only few derivatives have them. */
  private static final List<TensorRule> BIASES =
      List.of(
          TensorRule.of("blk.{}.attn_q.bias", QUERY)
              .from("model.layers.{}.self_attn.q_proj.bias")
              .ordered(RowOrder.ADJACENT_QUERY)
              .orAbsent(),
          TensorRule.of("blk.{}.attn_k.bias", KEY)
              .from("model.layers.{}.self_attn.k_proj.bias")
              .ordered(RowOrder.ADJACENT_KEY)
              .orAbsent(),
          TensorRule.of("blk.{}.attn_v.bias", KEY)
              .from("model.layers.{}.self_attn.v_proj.bias")
              .orAbsent(),
          TensorRule.of("blk.{}.attn_output.bias", EMBEDDING)
              .from("model.layers.{}.self_attn.o_proj.bias")
              .orAbsent());

  static final ModelFamily FAMILY =
      new ModelFamily(
          "llama",
          Set.of("LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM"),
          false,
          DecoderMetadata.STANDARD
              .and(DecoderMetadata.requireText("hidden_act", List.of("silu")))
              .and(DecoderMetadata.refuseSwitch("mlp_bias"))
              .and(DecoderMetadata::slidingWindow),
          ModelFamily.rules(
              DecoderTensors.ENDS,
              DecoderTensors.NORMS_BEFORE,
              DecoderTensors.ADJACENT_QUERY_AND_KEY,
              DecoderTensors.VALUE_AND_OUTPUT,
              DecoderTensors.GATED_FEED_FORWARD,
              BIASES));

  private LlamaFamily() {}
}
