package io.sparkllama.engine.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Names the ways to cut text into words before byte-level BPE merges within each; in files, {@code
 * tokenizer.ggml.pre}. Each is a row of scanners: every one cuts the words of the one before.
 */
public enum PreTokenizer {
  DEFAULT(
      List.of("default"),
      List.of(
          RunScanner.runs((text, i) -> isPunctuationOr("$+<=>^~|", text, i)),
          new Gpt2Scanner(),
          RunScanner.runs(PreTokenizer::isNumber),
          RunScanner.groups(PreTokenizer::isAsciiDigit, 3))),
  LLAMA3(List.of("llama-bpe", "llama3", "llama-v3"), List.of(new Llama3Scanner(3))),
  DBRX(List.of("dbrx", "smaug-bpe"), List.of(new Llama3Scanner(3))),
  QWEN2(List.of("qwen2", "deepseek-r1-qwen", "stablelm2"), List.of(new Llama3Scanner(1))),
  GPT2(List.of("gpt-2", "phi-2", "mpt", "olmo"), List.of(new Gpt2Scanner())),
  STARCODER(
      List.of("starcoder", "refact", "command-r", "smollm", "codeshell"),
      List.of(RunScanner.groups(PreTokenizer::isNumber, 1), new Gpt2Scanner())),
  FALCON(
      List.of("falcon"),
      List.of(
          RunScanner.runs((text, i) -> isPunctuationOr("$+<=>^~|`", text, i)),
          new Gpt2Scanner(),
          RunScanner.groups(PreTokenizer::isAsciiDigit, 3))),
  DEEPSEEK_CODER(
      List.of("deepseek-coder"),
      List.of(
          RunScanner.groups((text, i) -> text.point(i) == '\r' || text.point(i) == '\n', 1),
          RunScanner.runsWithSpace((text, i) -> is(CharacterClass.LETTER, text, i)),
          RunScanner.runsWithSpace((text, i) -> is(CharacterClass.PUNCTUATION, text, i)),
          RunScanner.runs(PreTokenizer::isIdeographOrSyllable),
          RunScanner.groups(PreTokenizer::isNumber, 1)));

  private final List<String> names;
  private final List<WordScanner> scanners;

  PreTokenizer(List<String> names, List<WordScanner> scanners) {
    this.names = names;
    this.scanners = scanners;
  }

  /** Returns the pre-tokenizer that files name so. */
  static Optional<PreTokenizer> ofName(String name) {
    return Arrays.stream(values()).filter(one -> one.names.contains(name)).findFirst();
  }

  /** Returns the names that files may use, for messages. */
  static String supportedNames() {
    return Arrays.stream(values())
        .flatMap(one -> one.names.stream())
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** Returns whether a word that is itself a token becomes that token without any merging. */
  boolean takesWholeWords() {
    return this == LLAMA3;
  }

  /** Returns whether texts begin with the begin token where the file does not say. */
  boolean addsBosByDefault() {
    return this == LLAMA3;
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

  private static boolean is(byte characterClass, CodePointText text, int index) {
    return text.characterClass(index) == characterClass;
  }

  private static boolean isNumber(CodePointText text, int index) {
    return is(CharacterClass.NUMBER, text, index);
  }

  private static boolean isAsciiDigit(CodePointText text, int index) {
    return text.point(index) >= '0' && text.point(index) <= '9';
  }

  private static boolean isPunctuationOr(String symbols, CodePointText text, int index) {
    return is(CharacterClass.PUNCTUATION, text, index) || symbols.indexOf(text.point(index)) >= 0;
  }

  /** Tells the ranges that DeepSeek's models cut out; whitespace within them is not meant. */
  private static boolean isIdeographOrSyllable(CodePointText text, int index) {
    int point = text.point(index);
    return (point >= 0x0800 && point <= 0x9fa5 || point >= 0xac00 && point <= 0xd7ff)
        && !is(CharacterClass.WHITESPACE, text, index);
  }
}
