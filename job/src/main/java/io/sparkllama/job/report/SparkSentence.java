package io.sparkllama.job.report;

/** Takes the sentence out of an exception of Spark: the first line of its message. */
public final class SparkSentence {
  private SparkSentence() {}

  /** Returns the sentence, or the exception's kind where it says nothing. */
  public static String of(Throwable problem) {
    String message = problem.getMessage();
    if (message == null || message.isBlank()) {
      return problem.getClass().getSimpleName();
    }
    String line = message.strip().lines().findFirst().orElse("");
    int state = line.indexOf(" SQLSTATE:");
    return state < 0 ? line : line.substring(0, state);
  }
}
