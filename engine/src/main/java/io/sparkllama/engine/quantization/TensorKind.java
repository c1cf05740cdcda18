package io.sparkllama.engine.quantization;

import io.sparkllama.engine.gguf.TensorInfo;
import java.util.List;

/** Tells by its name what a tensor is, as far as its type depends on it. */
enum TensorKind {
  OUTPUT,
  TOKEN_EMBEDDING,
  /** The values' matrix, alone or joined with those of queries and keys. */
  ATTENTION_VALUE,
  ATTENTION_KEY,
  ATTENTION_OUTPUT,
  FEED_FORWARD_DOWN,
  OTHER;

  /**
   * What stands in the names of matrices that stay as they are: norms, the routers of experts,
   * positions, and small ones of other architectures, whose errors would cost more than their bytes
   * save. The list is that of llama.cpp's quantizer for models of text.
   */
  private static final List<String> KEPT =
      List.of(
          "_norm.weight",
          "ffn_gate_inp.weight",
          "ffn_gate_tid2eid.weight",
          "position_embd.weight",
          "token_types.weight",
          "altup",
          "laurel",
          "per_layer_model_proj",
          "ssm_conv1d",
          "shortconv.conv.weight",
          "indexer.k_proj.weight",
          "indexer.q_proj.weight",
          "time_mix_",
          "attn_rel_b.weight");

  static TensorKind of(String name) {
    if (name.equals("output.weight")) {
      return OUTPUT;
    }
    if (name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight")) {
      return TOKEN_EMBEDDING;
    }
    if (name.contains("attn_qkv.weight")
        || name.contains("attn_kv_b.weight")
        || name.contains("attn_v.weight")) {
      return ATTENTION_VALUE;
    }
    if (name.contains("attn_k.weight")) {
      return ATTENTION_KEY;
    }
    if (name.contains("attn_output.weight")) {
      return ATTENTION_OUTPUT;
    }
    return name.contains("ffn_down") ? FEED_FORWARD_DOWN : OTHER;
  }

  /** Returns whether a tensor takes another type at all; vectors do not. */
  static boolean isQuantized(TensorInfo tensor) {
    return tensor.rows() > 1
        && tensor.name().endsWith("weight")
        && KEPT.stream().noneMatch(tensor.name()::contains);
  }
}
