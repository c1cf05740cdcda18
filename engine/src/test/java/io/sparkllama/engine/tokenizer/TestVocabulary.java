package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds the metadata of small vocabularies, sound ones and damaged ones. */
final class TestVocabulary {
  private final Map<String, MetadataValue> values = new LinkedHashMap<>();

  /**
   * Starts a SentencePiece vocabulary: unknown, begin and end tokens, then the given, best last.
   */
  static TestVocabulary sentencePiece(String... tokens) {
    List<String> texts = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    texts.addAll(List.of(tokens));
    float[] scores = new float[texts.size()];
    int[] types = new int[texts.size()];
    for (int id = 0; id < scores.length; id++) {
      scores[id] = id;
      types[id] = id == 0 ? 2 : id < 3 ? 3 : 1;
    }
    return new TestVocabulary()
        .with("model", MetadataValue.ofString("llama"))
        .with("tokens", MetadataValue.ofStrings(texts))
        .with("scores", MetadataValue.ofFloat32s(scores))
        .with("token_type", MetadataValue.ofInt32s(types))
        .with("add_space_prefix", MetadataValue.ofBoolean(false));
  }

  /** Starts a byte-level vocabulary of all bytes, GPT-2's order, and the given merges. */
  static TestVocabulary bytePair(String... merges) {
    List<String> texts = new ArrayList<>();
    for (char character = '!'; character <= 0x143; character++) {
      if (character <= '~' || character >= 0xa1 && character != 0xad) {
        texts.add(String.valueOf(character));
      }
    }
    for (String merge : merges) {
      texts.add(merge.replace(" ", ""));
    }
    return new TestVocabulary()
        .with("model", MetadataValue.ofString("gpt2"))
        .with("pre", MetadataValue.ofString("gpt-2"))
        .with("tokens", MetadataValue.ofStrings(texts))
        .with("merges", MetadataValue.ofStrings(List.of(merges)));
  }

  /** Sets a key below {@code tokenizer.ggml}. */
  TestVocabulary with(String key, MetadataValue value) {
    values.put("tokenizer.ggml." + key, value);
    return this;
  }

  TestVocabulary without(String key) {
    values.remove("tokenizer.ggml." + key);
    return this;
  }

  GgufMetadata metadata() {
    return new GgufMetadata("test.gguf", values);
  }

  Vocabulary vocabulary() {
    return Vocabulary.of(metadata());
  }

  Tokenizer tokenizer() {
    return Tokenizers.of(metadata());
  }
}
