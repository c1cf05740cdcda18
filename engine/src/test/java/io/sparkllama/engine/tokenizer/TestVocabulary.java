package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds the metadata of small vocabularies, sound ones and damaged ones. */
public final class TestVocabulary {
  private final Map<String, MetadataValue> values = new LinkedHashMap<>();

  /**
   * Starts a SentencePiece vocabulary: unknown, begin and end tokens, then the given, best last.
   */
  public static TestVocabulary sentencePiece(String... tokens) {
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
  public static TestVocabulary bytePair(String... merges) {
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
  public TestVocabulary with(String key, MetadataValue value) {
    return withKey("tokenizer.ggml." + key, value);
  }

  /** Sets a key by its whole name. */
  TestVocabulary withKey(String key, MetadataValue value) {
    values.put(key, value);
    return this;
  }

  /** Appends tokens of one type. */
  public TestVocabulary withTokens(TokenType type, String... more) {
    GgufMetadata given = metadata();
    List<String> texts = new ArrayList<>(given.stringArray("tokenizer.ggml.tokens"));
    int old = texts.size();
    texts.addAll(List.of(more));
    int[] types = new int[texts.size()];
    Arrays.fill(types, 0, old, TokenType.NORMAL.ordinal());
    given
        .optionalIntArray("tokenizer.ggml.token_type")
        .ifPresent(known -> System.arraycopy(known, 0, types, 0, old));
    Arrays.fill(types, old, types.length, type.ordinal());
    if (values.containsKey("tokenizer.ggml.scores")) {
      float[] scores = Arrays.copyOf(given.floatArray("tokenizer.ggml.scores"), texts.size());
      with("scores", MetadataValue.ofFloat32s(scores));
    }
    return with("tokens", MetadataValue.ofStrings(texts))
        .with("token_type", MetadataValue.ofInt32s(types));
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

  public Tokenizer tokenizer() {
    return Tokenizers.of(metadata());
  }
}
