package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.tokenizer.PreTokenizerName.Habit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a vocabulary from a file's metadata and checks it. */
final class VocabularyReader {
  private static final Logger LOG = LoggerFactory.getLogger(VocabularyReader.class);

  private static final String MODEL = "tokenizer.ggml.model";
  private static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String SCORES = "tokenizer.ggml.scores";
  private static final String TYPES = "tokenizer.ggml.token_type";
  private static final String MERGES = "tokenizer.ggml.merges";
  private static final String BOS = "tokenizer.ggml.bos_token_id";
  private static final String EOS = "tokenizer.ggml.eos_token_id";
  private static final String EOT = "tokenizer.ggml.eot_token_id";
  private static final String EOM = "tokenizer.ggml.eom_token_id";
  private static final String UNKNOWN = "tokenizer.ggml.unknown_token_id";
  private static final String ADD_BOS = "tokenizer.ggml.add_bos_token";
  private static final String ADD_EOS = "tokenizer.ggml.add_eos_token";
  private static final String ADD_SPACE_PREFIX = "tokenizer.ggml.add_space_prefix";
  private static final String REMOVE_EXTRA_WHITESPACES = "tokenizer.ggml.remove_extra_whitespaces";
  private static final String CHARACTER_MAP = "tokenizer.ggml.precompiled_charsmap";

  /** Characters of a token that is looked for at every place: those in use have a few dozen. */
  private static final int MOST_CHARACTERS = 1024;

  /** Tokens that end an answer: models in use have at most a handful. */
  private static final int MOST_ENDS = 1024;

  private final GgufMetadata metadata;
  private final TokenizerModel model;
  private final List<String> texts;

  VocabularyReader(GgufMetadata metadata) {
    this.metadata = metadata;
    this.model = model(metadata);
    this.texts = metadata.stringArray(TOKENS);
    if (texts.isEmpty()) {
      throw metadata.invalid(TOKENS, "holds no token");
    }
  }

  Vocabulary read() {
    TokenType[] types = types();
    SpecialIds given = givenIds();
    SpecialTokens specialTokens = new SpecialTokens(texts, types, given);
    checkSpecial(types, specialTokens.endIds().length);
    SpecialIds ids = specialTokens.ids();
    TextRules rules = rules();
    need(rules.addBos(), ids.bos(), ADD_BOS, BOS);
    need(rules.addEos(), ids.eos(), ADD_EOS, EOS);
    TokenStrips strips = new StripReader(metadata, model).read(texts, types);
    Vocabulary.Tokens tokens =
        new Vocabulary.Tokens(texts, scores(), types, merges(), strips, metadata.source());
    return new Vocabulary(model, tokens, rules, ids, specialTokens.endIds());
  }

  private SpecialIds givenIds() {
    OptionalInt none = OptionalInt.empty();
    return switch (model) {
      case SENTENCE_PIECE ->
          new SpecialIds(
              id(BOS, OptionalInt.of(1)),
              id(EOS, OptionalInt.of(2)),
              id(EOT, none),
              id(EOM, none),
              id(UNKNOWN, OptionalInt.of(0)));
      case BYTE_PAIR ->
          new SpecialIds(
              id(BOS, none), id(EOS, none), id(EOT, none), id(EOM, none), id(UNKNOWN, none));
      case UNIGRAM ->
          new SpecialIds(
              id(BOS, none),
              id(EOS, OptionalInt.of(1)),
              id(EOT, none),
              id(EOM, none),
              id(UNKNOWN, OptionalInt.of(2)));
    };
  }

  private static TokenizerModel model(GgufMetadata metadata) {
    String name = metadata.string(MODEL);
    return Arrays.stream(TokenizerModel.values())
        .filter(one -> one.id().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                metadata.invalid(
                    MODEL, "names a tokenizer that is not supported (supported: llama, gpt2, t5)"));
  }

  private TokenType[] types() {
    TokenType[] types = new TokenType[texts.size()];
    Optional<int[]> given = metadata.optionalIntArray(TYPES);
    if (given.isEmpty()) {
      Arrays.fill(types, TokenType.NORMAL);
      return types;
    }
    int[] numbers = given.get();
    checkLength(TYPES, numbers.length);
    TokenType[] all = TokenType.values();
    for (int id = 0; id < types.length; id++) {
      types[id] =
          numbers[id] >= 0 && numbers[id] < all.length ? all[numbers[id]] : TokenType.UNDEFINED;
      if (types[id] == TokenType.BYTE && ByteToken.value(texts.get(id)) < 0) {
        throw metadata.invalid(
            TOKENS, "holds a byte token that is not written <0xHH>, at index " + id);
      }
    }
    return types;
  }

  /**
   * Bounds what rows cost: text is searched for special tokens, and for all of a unigram model, at
   * every character, as far as the longest of them goes, and each end token is a candidate at each
   * label's end.
   */
  private void checkSpecial(TokenType[] types, int ends) {
    for (int id = 0; id < types.length; id++) {
      boolean cut =
          model == TokenizerModel.UNIGRAM
              || types[id].isSpecial()
              || types[id] == TokenType.USER_DEFINED;
      if (cut && texts.get(id).length() > MOST_CHARACTERS) {
        throw metadata.invalid(
            TOKENS,
            "holds a token that is looked for at every place, of more than "
                + MOST_CHARACTERS
                + " characters, at index "
                + id);
      }
    }
    if (ends > MOST_ENDS) {
      throw metadata.invalid(TOKENS, "holds more than " + MOST_ENDS + " end tokens: " + ends);
    }
  }

  private float[] scores() {
    Optional<MetadataValue> value = metadata.value(SCORES);
    if (value.isEmpty()) {
      if (model != TokenizerModel.BYTE_PAIR) {
        throw metadata.invalid(SCORES, "is missing, without which text cannot be cut");
      }
      return new float[texts.size()];
    }
    float[] scores = metadata.floatArray(SCORES);
    checkLength(SCORES, scores.length);
    for (int id = 0; id < scores.length; id++) {
      if (Float.isNaN(scores[id])) {
        throw metadata.invalid(SCORES, "holds what is not a number, at index " + id);
      }
      if (model == TokenizerModel.UNIGRAM && Float.isInfinite(scores[id])) {
        throw metadata.invalid(SCORES, "holds what cannot be added up, at index " + id);
      }
    }
    return scores;
  }

  private List<String> merges() {
    return model == TokenizerModel.BYTE_PAIR ? metadata.stringArray(MERGES) : List.of();
  }

  private void checkLength(String key, int length) {
    if (length != texts.size()) {
      throw metadata.invalid(
          key, "must have one element a token: " + length + " for " + texts.size() + " tokens");
    }
  }

  private TextRules rules() {
    if (model == TokenizerModel.BYTE_PAIR) {
      PreTokenizerName words = new PreTokenizerReader(metadata).read();
      return new TextRules(
          words,
          words.has(Habit.FORM_C) ? NormalizationFormC.INSTANCE : TextNormalizer.NONE,
          metadata.optionalBool(ADD_BOS).orElse(words.has(Habit.BEGIN_TOKEN)),
          metadata.optionalBool(ADD_EOS).orElse(false),
          false,
          false);
    }
    boolean unigram = model == TokenizerModel.UNIGRAM;
    return new TextRules(
        new PreTokenizerName(PreTokenizer.DEFAULT, Set.of()),
        characterMap(),
        metadata.optionalBool(ADD_BOS).orElse(!unigram),
        metadata.optionalBool(ADD_EOS).orElse(unigram),
        metadata.optionalBool(ADD_SPACE_PREFIX).orElse(true),
        metadata.optionalBool(REMOVE_EXTRA_WHITESPACES).orElse(false));
  }

  private TextNormalizer characterMap() {
    Optional<int[]> given = metadata.optionalIntArray(CHARACTER_MAP);
    if (given.isEmpty() || given.get().length == 0) {
      return TextNormalizer.NONE;
    }
    byte[] bytes = new byte[given.get().length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) given.get()[i];
    }
    return new CharacterMap(bytes, metadata.source());
  }

  /** Reads the id of a special token; one outside the vocabulary counts as absent. */
  private OptionalInt id(String key, OptionalInt byDefault) {
    OptionalLong given = metadata.optionalLongInteger(key);
    if (given.isEmpty()) {
      return byDefault.isPresent() && byDefault.getAsInt() < texts.size()
          ? byDefault
          : OptionalInt.empty();
    }
    long id = given.getAsLong();
    if (id < 0 || id >= texts.size()) {
      LOG.warn(
          "metadata key {} is outside the vocabulary and counts as absent: {} of {} tokens",
          key,
          id,
          texts.size());
      return OptionalInt.empty();
    }
    return OptionalInt.of((int) id);
  }

  private void need(boolean added, OptionalInt id, String addKey, String idKey) {
    if (added && id.isEmpty()) {
      throw new ModelFormatException(
          metadata.invalid(idKey, "names no token of the vocabulary").getMessage()
              + "; the model wants this token at every text ("
              + addKey
              + ")");
    }
  }
}
