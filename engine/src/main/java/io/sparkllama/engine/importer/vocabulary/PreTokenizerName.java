package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.Map;

/**
 * Finds the name that a GGUF gives to the way in which a tokenizer.json cuts text into words for
 * byte-level BPE. It is told by the rules themselves, so that a derivative with a vocabulary of its
 * own is known too.
 */
final class PreTokenizerName {
  private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String LETTERS = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
  private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String REST = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" + SPACES;
  private static final String REST_WITH_SLASH = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
  private static final String UPPER_FIRST =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+";
  private static final String UPPER_LAST =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*";

  private static final String BYTES = "bytes";
  private static final String BYTES_OF_WORDS = "bytes of GPT-2's words";
  private static final String SINGLE_DIGITS = "digits one by one";

  private static final String THREE_DIGITS =
      split(CONTRACTIONS + "|" + LETTERS + "|\\p{N}{1,3}|" + REST);

  /** The rules, in the order in which they are applied, and their names. */
  private static final Map<List<String>, String> NAMES =
      Map.of(
          List.of(THREE_DIGITS, BYTES),
          "dbrx",
          List.of(split(CONTRACTIONS + "|" + LETTERS + "|\\p{N}|" + REST), BYTES),
          "qwen2",
          List.of(split(UPPER_FIRST + "|" + UPPER_LAST + "|\\p{N}|" + REST_WITH_SLASH), BYTES),
          "tekken",
          List.of(
              split(
                  UPPER_FIRST
                      + CONTRACTIONS
                      + "?|"
                      + UPPER_LAST
                      + CONTRACTIONS
                      + "?|\\p{N}{1,3}|"
                      + REST_WITH_SLASH),
              BYTES),
          "gpt-4o",
          List.of(BYTES_OF_WORDS),
          "gpt-2",
          List.of(SINGLE_DIGITS, BYTES_OF_WORDS),
          "starcoder",
          List.of("punctuation", BYTES_OF_WORDS, "digits in runs", split("[0-9][0-9][0-9]")),
          "falcon",
          List.of(
              split("[\\r\\n]"),
              split("\\s?\\p{L}+"),
              split("\\s?\\p{P}+"),
              split("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"),
              SINGLE_DIGITS,
              BYTES),
          "deepseek-coder");

  private PreTokenizerName() {}

  /**
   * Returns the name.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the rules have none
   */
  static String of(JsonObject tokenizer, List<JsonObject> steps) {
    List<String> rules = steps.stream().map(PreTokenizerName::rule).toList();
    String name = NAMES.get(rules);
    if (name == null) {
      throw tokenizer.invalid(
          "pre_tokenizer", "cuts text in a way that has no name in GGUF, by " + describe(rules));
    }
    // Of those that cut as Llama 3 does, its own name says in GGUF that words are taken whole.
    boolean wholeWords = tokenizer.object("model").optionalBool("ignore_merges").orElse(false);
    return name.equals("dbrx") && wholeWords ? "llama-bpe" : name;
  }

  private static String rule(JsonObject step) {
    String type = step.text("type");
    return switch (type) {
      case "ByteLevel" -> {
        if (step.optionalBool("add_prefix_space").orElse(true)) {
          throw step.invalid("add_prefix_space", "is on, for which GGUF has no place");
        }
        yield step.optionalBool("use_regex").orElse(true) ? BYTES_OF_WORDS : BYTES;
      }
      case "Split" -> splitRule(step);
      case "Digits" ->
          step.optionalBool("individual_digits").orElse(false) ? SINGLE_DIGITS : "digits in runs";
      case "Punctuation" ->
          step.optionalText("behavior").orElse("Isolated").equals("Contiguous")
              ? "punctuation"
              : "punctuation one by one";
      default -> type;
    };
  }

  /** Keeping the matches alone is the same as cutting at them where they cover all text. */
  private static String splitRule(JsonObject step) {
    String pattern = TextSteps.pattern(step);
    String behaviour = step.text("behavior");
    boolean inverted = step.optionalBool("invert").orElse(false);
    boolean keepsAll =
        behaviour.equals("Isolated") && !inverted || behaviour.equals("Removed") && inverted;
    return keepsAll && pattern.startsWith("Regex:")
        ? split(pattern.substring("Regex:".length()))
        : behaviour + (inverted ? ", inverted, " : ", ") + pattern;
  }

  private static String split(String regex) {
    // Some files write line breaks and the like as they are, others as escapes.
    return "split at " + regex.replace("\r", "\\r").replace("\n", "\\n");
  }

  private static String describe(List<String> rules) {
    String text = String.join("; then ", rules);
    return text.isEmpty() ? "nothing" : text.substring(0, Math.min(300, text.length()));
  }
}
