package io.sparkllama.bench.sidebyside;

/**
 * Says how often a work is measured. Written as the work, then {@code @ROUNDS} where these differ
 * from what all others have.
 */
record PlannedWork(Work work, int rounds) {
  PlannedWork {
    if (rounds < 1) {
      throw new IllegalArgumentException("Rounds must be at least 1: " + rounds);
    }
  }

  static PlannedWork parse(String text, int usualRounds) {
    int at = text.indexOf('@');
    if (at < 0) {
      return new PlannedWork(Work.parse(text), usualRounds);
    }
    String rounds = text.substring(at + 1);
    if (!rounds.matches("[0-9]{1,6}")) {
      throw new IllegalArgumentException("Rounds after @ must be a number: " + text);
    }
    return new PlannedWork(Work.parse(text.substring(0, at)), Integer.parseInt(rounds));
  }
}
