package io.sparkllama.engine.api;

/**
 * Says that a template cannot be compiled, or that it refuses what it was given: correct the
 * template, or the row. The message begins with the line where that is known.
 */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int line;
  private final String problem;

  /** Describes a problem whose line is added by whoever knows it. */
  public TemplateException(String problem) {
    this(problem, 0);
  }

  /**
   * Describes a problem.
   *
   * @param line of the template, from 1; 0 where it is not known
   */
  public TemplateException(String problem, int line) {
    super(line == 0 ? problem : "line " + line + ": " + problem);
    this.line = line;
    this.problem = problem;
  }

  /** Returns the line of the template, from 1, or 0. */
  public int line() {
    return line;
  }

  /** Returns what is wrong, without the line. */
  public String problem() {
    return problem;
  }
}
