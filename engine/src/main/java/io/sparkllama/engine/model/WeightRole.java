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
  /** [ropeDimension / 2]; optional */
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
  FEED_FORWARD_DOWN("blk.%d.ffn_down.weight");

  private final String pattern;

  WeightRole(String pattern) {
    this.pattern = pattern;
  }

  /** Returns whether each layer has one. */
  public boolean perLayer() {
    return pattern.contains("%d");
  }

  /**
   * Returns the tensor's name in a GGUF file; {@code layer} is ignored for tensors of the whole
   * model.
   */
  public String tensorName(int layer) {
    return perLayer() ? pattern.formatted(layer) : pattern;
  }
}
