package io.sparkllama.engine.runner;

import java.util.List;

/**
 * Reports a runner whose process has ended or hangs; the caller starts it again and replays what it
 * was at.
 */
public final class RunnerLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Names what became of the process. */
  public enum Loss {
    /** It ended by itself: by a fault, or by its own decision. */
    ENDED,
    /** It gave no reply for too long, and was killed. */
    HUNG,
    /** It was sent a signal that no fault of its own raises: somebody, or the system, ended it. */
    KILLED
  }

  private final Loss loss;
  private final transient List<Integer> rows;

  /**
   * Makes the report of a loss.
   *
   * @param rows as {@link #rows} returns them
   */
  public RunnerLostException(Loss loss, String message, List<Integer> rows) {
    super(message);
    this.loss = loss;
    this.rows = List.copyOf(rows);
  }

  /** Makes the report of a loss between two steps, or of one that tells no row. */
  public RunnerLostException(Loss loss, String message) {
    this(loss, message, List.of());
  }

  public Loss loss() {
    return loss;
  }

  /**
   * Returns the rows of logits of the step that were just turned into results, one of a thread at
   * most; none where the step was not so far.
   */
  public List<Integer> rows() {
    return rows;
  }
}
