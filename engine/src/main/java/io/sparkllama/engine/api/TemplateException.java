package io.sparkllama.engine.api;

/**
 * Says that a template cannot be compiled, or that it refuses what it was given: correct the
 * template, or the row. The message begins with the line where that is known; it may hold text of
 * the row unless {@link #holdsData} says that it does not.
 */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what kind of trouble it is. */
  public enum Kind {
    /** The template itself is wrong, refuses the row, or takes too much. */
    FAILURE,
    /** The template says so itself, by {@code raise_exception}. */
    RAISED,
    /** A value is null where a prompt needs text. */
    NULL_VALUE,
    /** The interpreter itself is at fault; the cause says where. */
    FAULT
  }

  private final Kind kind;
  private final String problem;
  private final boolean holdsData;
  private final int line;

  /** Describes a problem, in words that hold no data, whose line is added by whoever knows it. */
  public TemplateException(String problem) {
    this(problem, 0);
  }

  /**
   * Describes a problem in words that hold no data.
   *
   * @param line of the template, from 1; 0 where it is not known
   */
  public TemplateException(String problem, int line) {
    this(Kind.FAILURE, problem, false, line);
  }

  private TemplateException(Kind kind, String problem, boolean holdsData, int line) {
    this(kind, problem, holdsData, line, null);
  }

  private TemplateException(
      Kind kind, String problem, boolean holdsData, int line, Throwable cause) {
    super(line == 0 ? problem : "line " + line + ": " + problem, cause);
    this.kind = kind;
    this.problem = problem;
    this.holdsData = holdsData;
    this.line = line;
  }

  /** Describes a problem in words that may hold data. */
  public static TemplateException quoting(String problem) {
    return new TemplateException(Kind.FAILURE, problem, true, 0);
  }

  /**
   * Carries what a template says when it refuses its arguments.
   *
   * @param holdsData whether it quotes them
   */
  public static TemplateException raised(String problem, boolean holdsData) {
    return new TemplateException(Kind.RAISED, problem, holdsData, 0);
  }

  /** Reports a fault of the interpreter, in words that hold no data; the cause may. */
  public static TemplateException fault(RuntimeException cause, int line) {
    return new TemplateException(
        Kind.FAULT,
        "the template interpreter failed, which is a fault of its own; please report the template: "
            + cause.getClass().getSimpleName(),
        false,
        line,
        cause);
  }

  /** Describes a value that is null where text is needed, in words that hold no data. */
  public static TemplateException nullValue(String problem) {
    return new TemplateException(Kind.NULL_VALUE, problem, false, 0);
  }

  /** Returns the same problem with its line. */
  public TemplateException atLine(int newLine) {
    return new TemplateException(kind, problem, holdsData, newLine, getCause());
  }

  /** Returns the same problem with the name of the template, such as a key of the job file. */
  public TemplateException in(String template) {
    String place = template + (line == 0 ? "" : ", line " + line) + ": ";
    return new TemplateException(kind, place + problem, holdsData, 0, getCause());
  }

  /** Returns what kind of trouble it is. */
  public Kind kind() {
    return kind;
  }

  /** Returns the line of the template, from 1, or 0. */
  public int line() {
    return line;
  }

  /** Returns what is wrong, without the line. */
  public String problem() {
    return problem;
  }

  /** Tells whether the message may hold text of the row: such a message must not be logged. */
  public boolean holdsData() {
    return holdsData;
  }
}
