package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.tokenizer.LetterCaseScanner.Endings;
import java.util.List;

/**
 * Names the ways to cut text into words before byte-level BPE merges within each. Each is a row of
 * scanners: every one cuts the words of the one before. {@link PreTokenizerName} says which of them
 * a file means.
 */
public enum PreTokenizer {
  DEFAULT(
      List.of("[\\p{P}$+<=>^~|]+", Patterns.GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
      RunScanner.runs((text, i) -> isPunctuationOr("$+<=>^~|", text, i)),
      new Gpt2Scanner(),
      RunScanner.runs(PreTokenizer::isNumber),
      RunScanner.groups(PreTokenizer::isAsciiDigit, 3)),
  LLAMA3(
      List.of(Patterns.llama3("\\p{L}", "\\p{L}", "{1,3}")),
      new Llama3Scanner(CharacterClass.LETTER, 3, "\r\n")),
  QWEN2(
      List.of(Patterns.llama3("\\p{L}", "\\p{L}", "")),
      new Llama3Scanner(CharacterClass.LETTER, 1, "\r\n")),
  QWEN35(
      List.of(Patterns.llama3("[\\p{L}\\p{M}]", "\\p{L}\\p{M}", "")),
      new Llama3Scanner(CharacterClass.LETTER | CharacterClass.MARK, 1, "\r\n")),
  MINICPM5(
      List.of("\\p{N}{1,3}", Patterns.llama3("\\p{L}", "\\p{L}", "+")),
      RunScanner.groupsUpTo(PreTokenizer::isNumber, 3),
      new Llama3Scanner(CharacterClass.LETTER, Integer.MAX_VALUE, "\r\n")),
  SEED_CODER(
      List.of(
          "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}"
              + "| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
      new Llama3Scanner(CharacterClass.LETTER, 1, "")),
  GPT2(List.of(Patterns.GPT2), new Gpt2Scanner()),
  STARCODER(
      List.of("\\p{N}", Patterns.GPT2),
      RunScanner.groups(PreTokenizer::isNumber, 1),
      new Gpt2Scanner()),
  FALCON(
      List.of("[\\p{P}$+<=>^~|`]+", Patterns.GPT2, "[0-9][0-9][0-9]"),
      RunScanner.runs((text, i) -> isPunctuationOr("$+<=>^~|`", text, i)),
      new Gpt2Scanner(),
      RunScanner.groups(PreTokenizer::isAsciiDigit, 3)),
  GPT4O(
      List.of(Patterns.letterCase("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "{1,3}")),
      new LetterCaseScanner(3, Endings.WITH_THE_WORD)),
  TEKKEN(List.of(Patterns.letterCase("", "")), new LetterCaseScanner(1, Endings.APART)),
  DEEPSEEK_LLM(
      List.of(
          "[\r\n]",
          "\\s?[" + DeepSeekCharacters.CASED_LETTERS + "]+",
          "\\s?[" + DeepSeekCharacters.PUNCTUATION + "]+",
          "\\s+$",
          "[" + DeepSeekCharacters.IDEOGRAPHS_AND_SYLLABLES + "]+",
          "\\p{N}"),
      RunScanner.groups(PreTokenizer::isLineBreak, 1),
      RunScanner.runsWithSpace(anyOf(DeepSeekCharacters.CASED_LETTERS)),
      RunScanner.runsWithSpace(anyOf(DeepSeekCharacters.PUNCTUATION)),
      new LastWhitespaceScanner(),
      RunScanner.runs(anyOf(DeepSeekCharacters.IDEOGRAPHS_AND_SYLLABLES)),
      RunScanner.groups(PreTokenizer::isNumber, 1)),
  DEEPSEEK_CODER(
      List.of(
          "[\r\n]",
          "\\s?\\p{L}+",
          "\\s?\\p{P}+",
          "[" + DeepSeekCharacters.IDEOGRAPHS_AND_SYLLABLES + "]+",
          "\\p{N}"),
      RunScanner.groups(PreTokenizer::isLineBreak, 1),
      RunScanner.runsWithSpace((text, i) -> text.is(CharacterClass.LETTER, i)),
      RunScanner.runsWithSpace((text, i) -> text.is(CharacterClass.PUNCTUATION, i)),
      RunScanner.runs(anyOf(DeepSeekCharacters.IDEOGRAPHS_AND_SYLLABLES)),
      RunScanner.groups(PreTokenizer::isNumber, 1)),
  DEEPSEEK_V3(
      List.of(
          "\\p{N}{1,3}",
          "[" + DeepSeekCharacters.IDEOGRAPHS_AND_KANA + "]+",
          "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
              + "|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
              + "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"),
      RunScanner.groupsUpTo(PreTokenizer::isNumber, 3),
      RunScanner.runs(anyOf(DeepSeekCharacters.IDEOGRAPHS_AND_KANA)),
      new DeepSeekV3Scanner());

  private final List<String> patterns;
  private final List<WordScanner> scanners;

  PreTokenizer(List<String> patterns, WordScanner... scanners) {
    this.patterns = patterns;
    this.scanners = List.of(scanners);
  }

  /**
   * Returns the regular expressions that this stands for, as makers write them in Oniguruma's
   * syntax: each cuts the words of the one before into matches and what lies between them. What a
   * maker's file names instead of writing stands here as its pattern too: GPT-2's own for a
   * byte-level step that cuts, one number for single digits, a run of punctuation.
   */
  public List<String> patterns() {
    return patterns;
  }

  /**
   * Returns whether words are cut once more, in GPT-2's alphabet of bytes: some bytes above 0x7F
   * are written there as characters that count as numbers, and Falcon's maker sets numbers apart.
   */
  boolean setsNumberBytesApart() {
    return this == FALCON;
  }

  /** Returns the end of every word, in ascending order. */
  int[] wordEnds(CodePointText text) {
    int[] ends = text.length() == 0 ? new int[0] : new int[] {text.length()};
    for (WordScanner scanner : scanners) {
      IntList finer = new IntList(ends.length + 16);
      int from = 0;
      for (int end : ends) {
        scanner.scan(text, from, end, finer);
        from = end;
      }
      ends = finer.toArray();
    }
    return ends;
  }

  private static RunScanner.CharacterTest anyOf(String ranges) {
    CharacterRanges characters = new CharacterRanges(ranges);
    return (text, index) -> characters.contains(text.point(index));
  }

  private static boolean isNumber(CodePointText text, int index) {
    return text.is(CharacterClass.NUMBER, index);
  }

  private static boolean isAsciiDigit(CodePointText text, int index) {
    return text.point(index) >= '0' && text.point(index) <= '9';
  }

  private static boolean isLineBreak(CodePointText text, int index) {
    return WhitespaceRun.isLineBreak(text.point(index));
  }

  private static boolean isPunctuationOr(String symbols, CodePointText text, int index) {
    return text.is(CharacterClass.PUNCTUATION, index) || symbols.indexOf(text.point(index)) >= 0;
  }

  /** Writes the patterns that several makers share. */
  private static final class Patterns {
    static final String GPT2 =
        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    /** Writes Llama 3's pattern, with what makes a word as a set and as a part of one. */
    static String llama3(String letters, String inBrackets, String digits) {
      return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?"
          + letters
          + "+|\\p{N}"
          + digits
          + "| ?[^\\s"
          + inBrackets
          + "\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }

    static String letterCase(String ending, String digits) {
      return "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
          + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
          + ending
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
          + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
          + ending
          + "|\\p{N}"
          + digits
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    }
  }
}
