package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a vocabulary from a file's metadata and checks it. */
final class VocabularyReader {
  private static final Logger LOG = LoggerFactory.getLogger(VocabularyReader.class);

  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PRE = "tokenizer.ggml.pre";
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

  /** Characters of a special or user-defined token: those in use have at most a few dozen. */
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
    boolean sentencePiece = model == TokenizerModel.SENTENCE_PIECE;
    SpecialIds given =
        new SpecialIds(
            id(BOS, sentencePiece ? OptionalInt.of(1) : OptionalInt.empty()),
            id(EOS, sentencePiece ? OptionalInt.of(2) : OptionalInt.empty()),
            id(EOT, OptionalInt.empty()),
            id(EOM, OptionalInt.empty()),
            id(UNKNOWN, sentencePiece ? OptionalInt.of(0) : OptionalInt.empty()));
    SpecialTokens specialTokens = new SpecialTokens(texts, types, given);
    checkSpecial(types, specialTokens.endIds().length);
    SpecialIds ids = specialTokens.ids();
    TextRules rules = rules();
    need(rules.addBos(), ids.bos(), ADD_BOS, BOS);
    need(rules.addEos(), ids.eos(), ADD_EOS, EOS);
    Vocabulary.Tokens tokens = new Vocabulary.Tokens(texts, scores(), types, merges());
    return new Vocabulary(model, tokens, rules, ids, specialTokens.endIds());
  }

  private static TokenizerModel model(GgufMetadata metadata) {
    String name = metadata.string(MODEL);
    return Arrays.stream(TokenizerModel.values())
        .filter(one -> one.id().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                metadata.invalid(
                    MODEL, "names a tokenizer that is not supported (supported: llama, gpt2)"));
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
   * Bounds what rows cost: text is searched for special tokens at every character, as far as the
   * longest of them goes, and each end token is a candidate at each label's end.
   */
  private void checkSpecial(TokenType[] types, int ends) {
    for (int id = 0; id < types.length; id++) {
      boolean cut = types[id].isSpecial() || types[id] == TokenType.USER_DEFINED;
      if (cut && texts.get(id).length() > MOST_CHARACTERS) {
        throw metadata.invalid(
            TOKENS,
            "holds a special token of more than "
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
      if (model == TokenizerModel.SENTENCE_PIECE) {
        throw metadata.invalid(SCORES, "is missing, without which nothing can be merged");
      }
      return new float[texts.size()];
    }
    float[] scores = metadata.floatArray(SCORES);
    checkLength(SCORES, scores.length);
    for (int id = 0; id < scores.length; id++) {
      if (Float.isNaN(scores[id])) {
        throw metadata.invalid(SCORES, "holds what is not a number, at index " + id);
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
    if (model == TokenizerModel.SENTENCE_PIECE) {
      return new TextRules(
          PreTokenizer.DEFAULT,
          metadata.optionalBool(ADD_BOS).orElse(true),
          metadata.optionalBool(ADD_EOS).orElse(false),
          metadata.optionalBool(ADD_SPACE_PREFIX).orElse(true));
    }
    PreTokenizer preTokenizer = preTokenizer();
    return new TextRules(
        preTokenizer,
        metadata.optionalBool(ADD_BOS).orElse(preTokenizer.addsBosByDefault()),
        metadata.optionalBool(ADD_EOS).orElse(false),
        false);
  }

  private PreTokenizer preTokenizer() {
    Optional<String> name = metadata.optionalString(PRE);
    if (name.isEmpty()) {
      LOG.warn("the model file names no pre-tokenizer ({}); taking the default one", PRE);
      return PreTokenizer.DEFAULT;
    }
    return PreTokenizer.ofName(name.get())
        .orElseThrow(
            () ->
                new ModelFormatException( // the list is longer than quoted text may be
                    metadata
                            .invalid(PRE, "names a pre-tokenizer that is not supported")
                            .getMessage()
                        + "; supported: "
                        + PreTokenizer.supportedNames()));
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
