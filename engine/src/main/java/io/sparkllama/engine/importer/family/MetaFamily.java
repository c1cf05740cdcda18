package io.sparkllama.engine.importer.family;

import static io.sparkllama.engine.importer.family.Width.EMBEDDING;
import static io.sparkllama.engine.importer.family.Width.FEED_FORWARD;
import static io.sparkllama.engine.importer.family.Width.KEY;
import static io.sparkllama.engine.importer.family.Width.QUERY;
import static io.sparkllama.engine.importer.family.Width.VOCABULARY;

import java.util.List;
import java.util.Set;

/**
 * Imports LLaMA 1 to 3.x as Meta publishes them: other names, and RoPE turns neighbours already.
 */
public final class MetaFamily {
  public static final ModelFamily FAMILY =
      new ModelFamily(
          "llama",
          Set.of(),
          false,
          DecoderMetadata.STANDARD,
          List.of(
              TensorRule.of(DecoderTensors.EMBEDDING, VOCABULARY, EMBEDDING)
                  .from("tok_embeddings.weight"),
              TensorRule.of("output_norm.weight", EMBEDDING).from("norm.weight"),
              TensorRule.of(DecoderTensors.OUTPUT, VOCABULARY, EMBEDDING).from("output.weight"),
              layer("attn_norm.weight", "attention_norm.weight", EMBEDDING),
              layer("ffn_norm.weight", "ffn_norm.weight", EMBEDDING),
              layer("attn_q.weight", "attention.wq.weight", QUERY, EMBEDDING),
              layer("attn_k.weight", "attention.wk.weight", KEY, EMBEDDING),
              layer("attn_v.weight", "attention.wv.weight", KEY, EMBEDDING),
              layer("attn_output.weight", "attention.wo.weight", EMBEDDING, QUERY),
              layer("ffn_gate.weight", "feed_forward.w1.weight", FEED_FORWARD, EMBEDDING),
              layer("ffn_up.weight", "feed_forward.w3.weight", FEED_FORWARD, EMBEDDING),
              layer("ffn_down.weight", "feed_forward.w2.weight", EMBEDDING, FEED_FORWARD)));

  private MetaFamily() {}

  private static TensorRule layer(String target, String source, Width... shape) {
    return TensorRule.of("blk.{}." + target, shape).from("layers.{}." + source);
  }
}
