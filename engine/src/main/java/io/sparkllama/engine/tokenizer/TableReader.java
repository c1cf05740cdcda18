package io.sparkllama.engine.tokenizer;

/** Reads the project's Unicode tables: capital letters, each with a number in base 32 after it. */
final class TableReader {
  private final String table;
  private int at;

  TableReader(String table) {
    this.table = table;
  }

  boolean more() {
    return at < table.length();
  }

  /** Returns whether this letter is next. */
  boolean next(char letter) {
    return more() && table.charAt(at) == letter;
  }

  char letter() {
    return table.charAt(at++);
  }

  /** Returns the number up to the next letter; an empty one is 0. */
  int number() {
    int number = 0;
    while (more() && (table.charAt(at) < 'A' || table.charAt(at) > 'Z')) {
      number = 32 * number + Character.digit(table.charAt(at++), 32);
    }
    return number;
  }
}
