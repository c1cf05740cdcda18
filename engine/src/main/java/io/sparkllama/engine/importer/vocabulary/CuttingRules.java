package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.tokenizer.CharacterMap;
import io.sparkllama.engine.tokenizer.PreTokenizerName.Habit;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Says how text is prepared and cut, as a GGUF's metadata has it. */
sealed interface CuttingRules {
  void write(GgufContents contents);

  /**
   * Byte-level BPE.
   *
   * @param preTokenizer how text is cut into words
   * @param habits what the tokenizer does beside, where the name does not stand for just that
   * @param merges best first, two tokens with a space between
   */
  record BytePair(String preTokenizer, Optional<Set<Habit>> habits, List<String> merges)
      implements CuttingRules {
    @Override
    public void write(GgufContents contents) {
      contents.put("tokenizer.ggml.model", MetadataValue.ofString("gpt2"));
      contents.put("tokenizer.ggml.pre", MetadataValue.ofString(preTokenizer));
      contents.put("tokenizer.ggml.merges", MetadataValue.ofStrings(merges));
      habits.ifPresent(
          all ->
              contents.put(
                  "sparkllama.tokenizer.habits",
                  MetadataValue.ofStrings(all.stream().map(Habit::id).sorted().toList())));
    }
  }

  /**
   * BPE as SentencePiece does it.
   *
   * @param addSpacePrefix whether a space goes before every text
   * @param removeExtraWhitespaces whether spaces at the ends, and more than one in a row, are taken
   *     out of texts
   * @param characterMap replaces characters before all that
   */
  record SentencePiece(
      boolean addSpacePrefix, boolean removeExtraWhitespaces, Optional<CharacterMap> characterMap)
      implements CuttingRules {
    @Override
    public void write(GgufContents contents) {
      contents.put("tokenizer.ggml.model", MetadataValue.ofString("llama"));
      contents.put("tokenizer.ggml.pre", MetadataValue.ofString("default"));
      contents.put("tokenizer.ggml.add_space_prefix", MetadataValue.ofBoolean(addSpacePrefix));
      contents.put(
          "tokenizer.ggml.remove_extra_whitespaces",
          MetadataValue.ofBoolean(removeExtraWhitespaces));
      characterMap.ifPresent(
          map ->
              contents.put(
                  "tokenizer.ggml.precompiled_charsmap", MetadataValue.ofUint8s(map.bytes())));
    }
  }
}
