package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.EXPERT;
import static io.sparkllama.engine.importer.family.Width.EXPERTS;
import static io.sparkllama.engine.importer.family.Width.SHARED_EXPERT;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;

/**
 * Says how a mixture of experts becomes GGUF: a checkpoint has a tensor for each expert, GGUF one
 * for all experts of a layer.
 */
final class ExpertRules {
  private static final String MIXTRAL = "model.layers.{}.block_sparse_moe.";
  private static final String QWEN = "model.layers.{}.mlp.";

  /** The router and the experts under Mixtral's names. */
  static final List<TensorRule> OF_MIXTRAL =
      experts(MIXTRAL + "gate.weight", MIXTRAL + "experts.[].", "w1", "w3", "w2");

  /** The router and the experts under Qwen's names. */
  static final List<TensorRule> OF_QWEN =
      experts(QWEN + "gate.weight", QWEN + "experts.[].", "gate_proj", "up_proj", "down_proj");

  /** The expert that all tokens pass, and its router. */
  static final List<TensorRule> SHARED =
      List.of(
          TensorRule.of("blk.{}.ffn_gate_inp_shexp.weight", shape -> 1, EMBEDDING)
              .from(QWEN + "shared_expert_gate.weight"),
          TensorRule.of("blk.{}.ffn_gate_shexp.weight", SHARED_EXPERT, EMBEDDING)
              .from(QWEN + "shared_expert.gate_proj.weight"),
          TensorRule.of("blk.{}.ffn_up_shexp.weight", SHARED_EXPERT, EMBEDDING)
              .from(QWEN + "shared_expert.up_proj.weight"),
          TensorRule.of("blk.{}.ffn_down_shexp.weight", EMBEDDING, SHARED_EXPERT)
              .from(QWEN + "shared_expert.down_proj.weight"));

  /** Writes how many experts there are, and how many a token uses. */
  static final MetadataRule COUNTS =
      (config, shape, keys) ->
          keys.number("expert_count", shape.experts().count())
              .number("expert_used_count", used(config, shape));

  private ExpertRules() {}

  private static List<TensorRule> experts(
      String router, String expert, String gate, String up, String down) {
    return List.of(
        TensorRule.of("blk.{}.ffn_gate_inp.weight", EXPERTS, EMBEDDING).from(router),
        TensorRule.of("blk.{}.ffn_gate_exps.weight", EXPERTS, EXPERT, EMBEDDING)
            .from(expert + gate + ".weight"),
        TensorRule.of("blk.{}.ffn_up_exps.weight", EXPERTS, EXPERT, EMBEDDING)
            .from(expert + up + ".weight"),
        TensorRule.of("blk.{}.ffn_down_exps.weight", EXPERTS, EMBEDDING, EXPERT)
            .from(expert + down + ".weight"));
  }

  private static int used(JsonObject config, HyperParameters shape) {
    int used = config.integer("num_experts_per_tok");
    if (used < 1 || used > shape.experts().count()) {
      throw config.invalid(
          "num_experts_per_tok", "must be 1 to " + shape.experts().count() + " but is " + used);
    }
    return used;
  }

  /** Writes the widths of the experts, and refuses layers that have none. */
  static void ofQwen(JsonObject config, HyperParameters shape, ArchitectureKeys keys) {
    keys.number("expert_feed_forward_length", shape.experts().length());
    if (shape.experts().sharedLength() > 0) {
      keys.number("expert_shared_feed_forward_length", shape.experts().sharedLength());
    }
    if (config.optionalInteger("decoder_sparse_step").orElse(1) != 1) {
      throw config.invalid("decoder_sparse_step", "gives layers without experts: not supported");
    }
    if (config.wholeNumbers("mlp_only_layers").length > 0) {
      throw config.invalid("mlp_only_layers", "names layers without experts: not supported");
    }
  }

  /** Returns a rule that refuses a model whose experts are weighted otherwise than its family's. */
  static MetadataRule requireNormalized(Normalized expected) {
    return (config, shape, keys) -> {
      boolean normalized = config.optionalBool("norm_topk_prob").orElse(false);
      if (normalized != (expected == Normalized.YES)) {
        throw config.invalid(
            "norm_topk_prob", "is " + normalized + ": not supported in models of this family");
      }
    };
  }

  /** Says whether the weights of the chosen experts are made to come to one. */
  enum Normalized {
    YES,
    NO
  }
}
