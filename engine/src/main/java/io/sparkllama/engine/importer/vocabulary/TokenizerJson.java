package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.importer.json.JsonObject;
import io.sparkllama.engine.tokenizer.CharacterMap;
import io.sparkllama.engine.tokenizer.PreTokenizerName.Habit;
import io.sparkllama.engine.tokenizer.TokenType;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Reads a tokenizer.json: byte-level BPE, or BPE on characters as SentencePiece does it, with bytes
 * for those that have no token.
 */
final class TokenizerJson {
  private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-F]{2}>");

  /** SentencePiece writes spaces so. */
  private static final String SPACE = "\u2581";

  private static final String CHARACTER_MAP = "precompiled_charsmap";

  private final JsonObject root;
  private final JsonObject model;
  private final int vocabularySize;
  private final List<JsonObject> normalizers;
  private final List<JsonObject> preTokenizers;

  private TokenizerJson(JsonObject root, int vocabularySize) {
    this.root = root;
    this.model = root.object("model");
    this.vocabularySize = vocabularySize;
    this.normalizers = TextSteps.of(root, "normalizer", "normalizers");
    this.preTokenizers = TextSteps.of(root, "pre_tokenizer", "pretokenizers");
  }

  static GgufVocabulary read(JsonObject root, int vocabularySize) {
    return new TokenizerJson(root, vocabularySize).read();
  }

  private GgufVocabulary read() {
    String type = model.optionalText("type").orElse("BPE");
    if (!type.equals("BPE")) {
      throw model.invalid("type", "names a model that is not supported (supported: BPE), " + type);
    }
    for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.optionalText(affix).orElse("").isEmpty()) {
        throw model.invalid(affix, "is set, for which GGUF has no place");
      }
    }
    return TextSteps.hasType(preTokenizers, "ByteLevel") ? byteLevel() : sentencePiece();
  }

  private GgufVocabulary byteLevel() {
    refuseOther("normalizer", normalizers, Set.of("NFC"));
    TokenTable tokens = new TokenTable(root.path(), vocabularySize);
    model.integers("vocab").forEach((text, id) -> tokens.put(id, text, 0, TokenType.NORMAL));
    addAdded(tokens);
    List<String> merges = model.pairs("merges").stream().map(TokenizerJson::written).toList();
    String name = PreTokenizerName.of(root, preTokenizers);
    return new GgufVocabulary(tokens, new CuttingRules.BytePair(name, otherHabits(name), merges));
  }

  /**
   * Returns what this tokenizer does beside cutting words where its name stands for something else.
   * The begin token is left out: the metadata always says by itself whether texts begin with it.
   */
  private Optional<Set<Habit>> otherHabits(String name) {
    Set<Habit> habits = EnumSet.noneOf(Habit.class);
    if (model.optionalBool("ignore_merges").orElse(false)) {
      habits.add(Habit.WHOLE_WORDS);
    }
    if (!normalizers.isEmpty()) { // any number of NFC, of which one is enough
      habits.add(Habit.FORM_C);
    }
    Set<Habit> implied = EnumSet.noneOf(Habit.class);
    implied.addAll(io.sparkllama.engine.tokenizer.PreTokenizerName.of(name).orElseThrow().habits());
    implied.remove(Habit.BEGIN_TOKEN);
    return habits.equals(implied) ? Optional.empty() : Optional.of(habits);
  }

  // In the alphabet of bytes a space is U+0120; one that stands there as it is must not cut a
  // merge.
  private static String written(List<String> pair) {
    return pair.get(0).replace(' ', '\u0120') + " " + pair.get(1).replace(' ', '\u0120');
  }

  private GgufVocabulary sentencePiece() {
    boolean prefix = checkedPrefix();
    TokenTable tokens = new TokenTable(root.path(), vocabularySize);
    Map<String, Integer> ranks = ranks();
    int lowest = ranks.size();
    model
        .integers("vocab")
        .forEach(
            (text, id) ->
                tokens.put(id, text, -ranks.getOrDefault(text, lowest), TokenType.NORMAL));
    if (model.optionalBool("byte_fallback").orElse(false)) {
      for (String text : model.object("vocab").names()) {
        if (BYTE_TOKEN.matcher(text).matches()) {
          tokens.retype(tokens.id(text).orElseThrow(), TokenType.BYTE);
        }
      }
    }
    addAdded(tokens);
    settleSpaces(tokens);
    model
        .optionalText("unk_token")
        .flatMap(text -> tokens.id(text).stream().boxed().findFirst())
        .ifPresent(id -> tokens.retype(id, TokenType.UNKNOWN));
    return new GgufVocabulary(
        tokens, new CuttingRules.SentencePiece(prefix, false, characterMap()));
  }

  /** Returns for each token that is merged from two others the place of its first merge. */
  private Map<String, Integer> ranks() {
    Map<String, Integer> ranks = new HashMap<>();
    for (List<String> pair : model.pairs("merges")) {
      ranks.putIfAbsent(pair.get(0) + pair.get(1), ranks.size());
    }
    return ranks;
  }

  /** Returns whether a space goes before every text; refuses other changes of the text. */
  private boolean checkedPrefix() {
    refuseOther("normalizer", normalizers, Set.of("Precompiled", "Prepend", "Replace"));
    refuseOther("pre_tokenizer", preTokenizers, Set.of("Metaspace", "Split"));
    boolean prefix = false;
    boolean replaces = false;
    for (JsonObject step : normalizers) {
      String type = step.text("type");
      if (type.equals("Precompiled")) {
        if (step != normalizers.get(0)) {
          throw root.invalid(
              "normalizer", "replaces characters after other steps, for which GGUF has no place");
        }
      } else if (type.equals("Prepend")) {
        requireSpace(step, "prepend");
        prefix = true;
      } else {
        requireSpace(step, "content");
        requirePattern(step);
        replaces = true;
      }
    }
    for (JsonObject step : preTokenizers) {
      if (step.text("type").equals("Metaspace")) {
        requireSpace(step, "replacement");
        // "always" by default, or by the older switch.
        String scheme =
            step.optionalText("prepend_scheme")
                .orElse(step.optionalBool("add_prefix_space").orElse(true) ? "always" : "never");
        prefix |= !scheme.equals("never");
        replaces = true;
      } else {
        requirePattern(step); // spaces are gone by then: it cuts nothing
      }
    }
    if (!replaces) {
      throw root.invalid(
          "pre_tokenizer", "is neither of byte-level BPE nor as SentencePiece would have it");
    }
    return prefix;
  }

  /** Returns the map that replaces characters; whoever calls has seen that it comes first. */
  private Optional<CharacterMap> characterMap() {
    if (!TextSteps.hasType(normalizers, "Precompiled")) {
      return Optional.empty();
    }
    JsonObject step = normalizers.get(0);
    try {
      byte[] bytes = Base64.getDecoder().decode(step.text(CHARACTER_MAP));
      return Optional.of(new CharacterMap(bytes, root.path().toString()));
    } catch (IllegalArgumentException e) {
      throw step.invalid(CHARACTER_MAP, "is not in base 64");
    }
  }

  private static void requireSpace(JsonObject step, String name) {
    if (!step.text(name).equals(SPACE)) {
      throw step.invalid(name, "must be U+2581, as SentencePiece writes a space");
    }
  }

  private static void requirePattern(JsonObject step) {
    if (!TextSteps.pattern(step).equals("String: ")) {
      throw step.invalid("pattern", "must be one space, as SentencePiece has it");
    }
  }

  private void refuseOther(String name, List<JsonObject> steps, Set<String> supported) {
    for (JsonObject step : steps) {
      if (!supported.contains(step.text("type"))) {
        throw root.invalid(name, "has a step for which GGUF has no place, " + step.text("type"));
      }
    }
  }

  /**
   * Settles added tokens with U+2581 in them. Such a token is looked for either in the text as it
   * came, where it is hardly ever found, or among spaces, which GGUF writes as spaces. Runs of them
   * that merges reach too are ordinary tokens.
   */
  private void settleSpaces(TokenTable tokens) {
    for (JsonObject added : root.objects("added_tokens")) {
      String text = added.text("content");
      if (added.optionalBool("special").orElse(false) || !text.contains(SPACE)) {
        continue;
      }
      if (added.optionalBool("normalized").orElse(true)) {
        tokens.rename(added.integer("id"), text.replace(SPACE, " "));
      } else if (model.object("vocab").has(text)) {
        tokens.retype(added.integer("id"), TokenType.NORMAL);
      }
    }
  }

  private void addAdded(TokenTable tokens) {
    for (JsonObject added : root.objects("added_tokens")) {
      AddedTokens.put(added.integer("id"), added, tokens);
    }
  }
}
