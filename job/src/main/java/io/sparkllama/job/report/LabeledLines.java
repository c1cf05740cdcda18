package io.sparkllama.job.report;

import java.util.Locale;

/** Collects lines for people: a name, and from one column on what it says. */
final class LabeledLines {
  private final StringBuilder text = new StringBuilder();

  /** Adds a line, formatted without regard to the machine's language. */
  void add(String name, String format, Object... values) {
    text.append(String.format(Locale.ROOT, "%-18s", name))
        .append(String.format(Locale.ROOT, format, values))
        .append('\n');
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
