package io.sparkllama.engine.model;

/**
 * Names what a tensor does in the forward pass. The order is part of the native contract: append
 * only. Shapes are [outputs, inputs] for matrices.
 */
public enum WeightRole {
  /** [vocabulary, embedding] */
  TOKEN_EMBEDDING("token_embd.weight"),
  /** [embedding] */
  OUTPUT_NORM("output_norm.weight"),
  /** [vocabulary, embedding]; absent where tied to the token embedding */
  OUTPUT("output.weight"),
  /** [ropeDimension / 2] */
  ROPE_FACTORS("rope_freqs.weight"),
  /** [embedding] */
  ATTENTION_NORM("blk.%d.attn_norm.weight"),
  /** [heads * headDimension, embedding] */
  ATTENTION_QUERY("blk.%d.attn_q.weight"),
  /** [kvHeads * headDimension, embedding] */
  ATTENTION_KEY("blk.%d.attn_k.weight"),
  /** [kvHeads * headDimension, embedding] */
  ATTENTION_VALUE("blk.%d.attn_v.weight"),
  /** [embedding, heads * headDimension] */
  ATTENTION_OUTPUT("blk.%d.attn_output.weight"),
  /** [embedding] */
  FEED_FORWARD_NORM("blk.%d.ffn_norm.weight"),
  /** [feedForward, embedding] */
  FEED_FORWARD_GATE("blk.%d.ffn_gate.weight"),
  /** [feedForward, embedding] */
  FEED_FORWARD_UP("blk.%d.ffn_up.weight"),
  /** [embedding, feedForward] */
  FEED_FORWARD_DOWN("blk.%d.ffn_down.weight"),
  /** [heads * headDimension] */
  ATTENTION_QUERY_BIAS("blk.%d.attn_q.bias"),
  /** [kvHeads * headDimension] */
  ATTENTION_KEY_BIAS("blk.%d.attn_k.bias"),
  /** [kvHeads * headDimension] */
  ATTENTION_VALUE_BIAS("blk.%d.attn_v.bias"),
  /** [embedding] */
  ATTENTION_OUTPUT_BIAS("blk.%d.attn_output.bias"),
  /** [headDimension], or [heads * headDimension] */
  ATTENTION_QUERY_NORM("blk.%d.attn_q_norm.weight"),
  /** [headDimension], or [kvHeads * headDimension] */
  ATTENTION_KEY_NORM("blk.%d.attn_k_norm.weight"),
  /** [embedding] */
  ATTENTION_POST_NORM("blk.%d.post_attention_norm.weight"),
  /** [embedding] */
  FEED_FORWARD_POST_NORM("blk.%d.post_ffw_norm.weight"),
  /** [ropeDimension / 2] */
  ROPE_FACTORS_LONG("rope_factors_long.weight"),
  /** [ropeDimension / 2] */
  ROPE_FACTORS_SHORT("rope_factors_short.weight"),
  /** [embedding], of LayerNorm as the following */
  OUTPUT_NORM_BIAS("output_norm.bias"),
  /** [embedding] */
  ATTENTION_NORM_BIAS("blk.%d.attn_norm.bias"),
  /** [embedding] */
  FEED_FORWARD_NORM_BIAS("blk.%d.ffn_norm.bias"),
  /** [experts, embedding] */
  EXPERT_ROUTER("blk.%d.ffn_gate_inp.weight"),
  /** [experts, expertLength, embedding] */
  EXPERT_GATE("blk.%d.ffn_gate_exps.weight"),
  /** [experts, expertLength, embedding] */
  EXPERT_UP("blk.%d.ffn_up_exps.weight"),
  /** [experts, embedding, expertLength] */
  EXPERT_DOWN("blk.%d.ffn_down_exps.weight"),
  /** [1, embedding] */
  SHARED_EXPERT_ROUTER("blk.%d.ffn_gate_inp_shexp.weight");

  private final String pattern;

  WeightRole(String pattern) {
    this.pattern = pattern;
  }

  /** Returns whether each layer has one. */
  public boolean perLayer() {
    return pattern.contains("%d");
  }

  /** Returns whether each expert of a layer has one. */
  public boolean perExpert() {
    return this == EXPERT_GATE || this == EXPERT_UP || this == EXPERT_DOWN;
  }

  /** Returns whether it is a row of numbers, which are float32 to the forward pass. */
  public boolean isVector() {
    return switch (this) {
      case TOKEN_EMBEDDING,
          OUTPUT,
          ATTENTION_QUERY,
          ATTENTION_KEY,
          ATTENTION_VALUE,
          ATTENTION_OUTPUT,
          FEED_FORWARD_GATE,
          FEED_FORWARD_UP,
          FEED_FORWARD_DOWN,
          EXPERT_ROUTER,
          EXPERT_GATE,
          EXPERT_UP,
          EXPERT_DOWN,
          SHARED_EXPERT_ROUTER ->
          false;
      default -> true;
    };
  }

  /** Returns the tensor's usual name in a GGUF file, {@code %d} being the layer. */
  String namePattern() {
    return pattern;
  }

  /**
   * Returns the tensor's usual name in a GGUF file; {@code layer} is ignored for tensors of the
   * whole model.
   */
  public String tensorName(int layer) {
    return perLayer() ? pattern.formatted(layer) : pattern;
  }
}
