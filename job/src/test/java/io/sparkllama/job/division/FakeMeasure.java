package io.sparkllama.job.division;

/**
 * Counts tokens as vocabularies do, roughly: four letters of a word are one, a character beyond
 * Latin is three, and spaces belong to words. A prompt has text of its own.
 */
final class FakeMeasure implements PartMeasure {
  private final int otherTokens;
  private final int limit;
  long characters; // that were tokenized

  FakeMeasure(int otherTokens, int limit) {
    this.otherTokens = otherTokens;
    this.limit = limit;
  }

  @Override
  public int promptTokens(String text) {
    return otherTokens + textTokens(text);
  }

  @Override
  public int textTokens(String text) {
    characters += text.length();
    int tokens = 0;
    int run = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      boolean space = c == ' ';
      tokens += c > 0x24f ? 3 : space || run % 4 == 0 ? 1 : 0;
      tokens -= space ? 1 : 0;
      run = space || c > 0x24f ? 0 : run + 1;
    }
    return tokens;
  }

  @Override
  public int limit(int others) {
    return limit;
  }
}
