package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import java.util.List;
import java.util.Optional;

/**
 * Holds the tokens of a model as a GGUF has them.
 *
 * @param preTokenizer how text is cut into words; {@code default} for SentencePiece
 * @param merges best first, two tokens with a space between; empty for SentencePiece
 * @param addSpacePrefix whether a space goes before every text; empty for byte-level BPE
 */
record GgufVocabulary(
    String preTokenizer, TokenTable tokens, List<String> merges, Optional<Boolean> addSpacePrefix) {
  boolean isSentencePiece() {
    return addSpacePrefix.isPresent();
  }

  void write(GgufContents contents) {
    contents.put(
        "tokenizer.ggml.model", MetadataValue.ofString(isSentencePiece() ? "llama" : "gpt2"));
    contents.put("tokenizer.ggml.pre", MetadataValue.ofString(preTokenizer));
    contents.put("tokenizer.ggml.tokens", MetadataValue.ofStrings(tokens.texts()));
    if (isSentencePiece()) {
      contents.put("tokenizer.ggml.scores", MetadataValue.ofFloat32s(tokens.scores()));
    }
    contents.put("tokenizer.ggml.token_type", MetadataValue.ofInt32s(tokens.types()));
    if (!isSentencePiece()) {
      contents.put("tokenizer.ggml.merges", MetadataValue.ofStrings(merges));
    }
    addSpacePrefix.ifPresent(
        add -> contents.put("tokenizer.ggml.add_space_prefix", MetadataValue.ofBoolean(add)));
  }
}
