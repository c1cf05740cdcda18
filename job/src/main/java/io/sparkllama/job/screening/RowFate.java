package io.sparkllama.job.screening;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Says what becomes of a row of the input. */
enum RowFate {
  /** It goes to the model. */
  TAKEN(""),
  /** An earlier intake has taken it, with the same contents. */
  KNOWN(""),
  /** It stands in the input more than once, and another one of the equal rows is taken. */
  REDELIVERED(""),
  UNPARSED("The record is none of the input's format."),
  NULL_KEY("A column of input.key is null."),
  AMBIGUOUS_KEY("Rows with other contents have the same key; none of them is taken."),
  CHANGED("A row with this key was taken before, with other contents; its answer stays.");

  private final String message;

  RowFate(String message) {
    this.message = message;
  }

  /** Returns a sentence about a row that is set aside, empty for one that is not. */
  String message() {
    return message;
  }

  /** Tells whether somebody must look after the row. */
  boolean isSetAside() {
    return !message.isEmpty();
  }

  /** Returns the name as files and reports have it, such as {@code null-key}. */
  String text() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Optional<RowFate> of(String text) {
    return Arrays.stream(values()).filter(fate -> fate.text().equals(text)).findFirst();
  }
}
