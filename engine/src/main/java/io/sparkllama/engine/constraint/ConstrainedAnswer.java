package io.sparkllama.engine.constraint;

/**
 * Follows one answer through its constraint, token by token. What it holds follows from the tokens
 * alone. One thread at a time.
 */
public final class ConstrainedAnswer {
  /** Says whether an answer goes on. */
  public enum Progress {
    /** The text needs more, or may have more. */
    GOES_ON,
    /** The text is allowed, and nothing may follow. */
    COMPLETE,
    /** The text is allowed; more might follow, but not within the tokens that are left. */
    OUT_OF_ROOM
  }

  private final TokenConstraint constraint;
  private int state;
  private int left;

  ConstrainedAnswer(TokenConstraint constraint, int mostTokens) {
    this.constraint = constraint;
    this.left = mostTokens;
  }

  /**
   * Takes the next token, no end token.
   *
   * @throws IllegalStateException where the mask does not allow it
   */
  public Progress append(int token) {
    state = constraint.next(state, token);
    left--;
    boolean accepted = constraint.accepts(state);
    if (accepted && !constraint.continues(state)) {
      return Progress.COMPLETE;
    }
    return accepted && constraint.tokensGoingOn(state) > left
        ? Progress.OUT_OF_ROOM
        : Progress.GOES_ON;
  }

  /** Returns where it is: which mask its next token needs. */
  public AnswerPlace place() {
    return new AnswerPlace(constraint, state, left).widened();
  }
}
