package io.sparkllama.engine.chat;

import java.time.LocalDateTime;

/** Holds what one rendering has in common: its budget, its date, and the line it stands at. */
final class Rendering {
  private final Budget budget;
  private final LocalDateTime now;
  private int line;

  Rendering(Budget budget, LocalDateTime now) {
    this.budget = budget;
    this.now = now;
  }

  Budget budget() {
    return budget;
  }

  /** Returns the time that {@code strftime_now} writes: the run's, never the clock's. */
  LocalDateTime now() {
    return now;
  }

  /** Notes the line of what is evaluated next, for errors. */
  void at(int newLine) {
    line = newLine;
  }

  int line() {
    return line;
  }

  MarkedTextBuilder newText() {
    return new MarkedTextBuilder(budget);
  }
}
