package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.FEED_FORWARD;
import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;
import static io.sparkllama.engine.importer.family.Width.VOCABULARY;

import java.util.List;

/** Names the tensors that most families of decoders share, in groups to choose from. */
public final class DecoderTensors {
  /** The output matrix; absent where it is tied to the embedding. */
  public static final String OUTPUT = "output.weight";

  public static final String EMBEDDING = "token_embd.weight";

  /** Token embedding, last norm, output. */
  public static final List<TensorRule> ENDS =
      List.of(
          TensorRule.of(EMBEDDING, VOCABULARY, Width.EMBEDDING).from("model.embed_tokens.weight"),
          TensorRule.of("output_norm.weight", Width.EMBEDDING).from("model.norm.weight"),
          TensorRule.of(OUTPUT, VOCABULARY, Width.EMBEDDING).from("lm_head.weight"));

  /** The norms before attention and before the feed-forward network. */
  public static final List<TensorRule> NORMS_BEFORE =
      List.of(
          TensorRule.of("blk.{}.attn_norm.weight", Width.EMBEDDING)
              .from("model.layers.{}.input_layernorm.weight"),
          TensorRule.of("blk.{}.ffn_norm.weight", Width.EMBEDDING)
              .from("model.layers.{}.post_attention_layernorm.weight"));

  /** Query and key as they are stored: RoPE turns the halves of a head. */
  public static final List<TensorRule> QUERY_AND_KEY =
      List.of(
          TensorRule.of("blk.{}.attn_q.weight", QUERY, Width.EMBEDDING)
              .from("model.layers.{}.self_attn.q_proj.weight"),
          TensorRule.of("blk.{}.attn_k.weight", KEY, Width.EMBEDDING)
              .from("model.layers.{}.self_attn.k_proj.weight"));

  /** Query and key in the order in which RoPE turns neighbours. */
  public static final List<TensorRule> ADJACENT_QUERY_AND_KEY =
      List.of(
          QUERY_AND_KEY.get(0).ordered(RowOrder.ADJACENT_QUERY),
          QUERY_AND_KEY.get(1).ordered(RowOrder.ADJACENT_KEY));

  /** Value and output of attention. */
  public static final List<TensorRule> VALUE_AND_OUTPUT =
      List.of(
          TensorRule.of("blk.{}.attn_v.weight", KEY, Width.EMBEDDING)
              .from("model.layers.{}.self_attn.v_proj.weight"),
          TensorRule.of("blk.{}.attn_output.weight", Width.EMBEDDING, QUERY)
              .from("model.layers.{}.self_attn.o_proj.weight"));

  /** The three matrices of a gated feed-forward network. */
  public static final List<TensorRule> GATED_FEED_FORWARD =
      List.of(
          TensorRule.of("blk.{}.ffn_gate.weight", FEED_FORWARD, Width.EMBEDDING)
              .from("model.layers.{}.mlp.gate_proj.weight"),
          TensorRule.of("blk.{}.ffn_up.weight", FEED_FORWARD, Width.EMBEDDING)
              .from("model.layers.{}.mlp.up_proj.weight"),
          TensorRule.of("blk.{}.ffn_down.weight", Width.EMBEDDING, FEED_FORWARD)
              .from("model.layers.{}.mlp.down_proj.weight"));

  private DecoderTensors() {}
}
