package io.sparkllama.engine.constraint;

/**
 * Names the mask of a place in an answer: a state of its constraint with so many tokens left. All
 * answers of a constraint share masks.
 *
 * @param left tokens, the next among them; {@link #PLENTY} for any number that narrows nothing
 */
public record AnswerPlace(TokenConstraint constraint, int state, int left) {
  static final int PLENTY = Integer.MAX_VALUE;

  /** Returns the place with plenty of tokens where it is known by now that these are plenty. */
  public AnswerPlace widened() {
    return left >= constraint.enoughTokens(state)
        ? new AnswerPlace(constraint, state, PLENTY)
        : this;
  }

  /** Makes the mask. Any thread; takes up to some milliseconds. */
  public TokenMask mask() {
    return constraint.mask(state, left);
  }
}
