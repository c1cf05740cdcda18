package io.sparkllama.engine.constraint;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Joins what a constraint allows with a vocabulary: which tokens may come next, and how many an
 * answer needs at least. Made once for all answers; any number of threads may use one.
 *
 * <p>Within an answer only tokens that stand for bytes are allowed, any division of the text into
 * tokens; an end token is allowed where the text may end. Of these, only tokens from which an end
 * is still within reach of what is left are allowed.
 */
public final class TokenConstraint {
  private final ByteAutomaton automaton;
  private final TokenTrie trie;
  private final int[] ends;
  private final ClosingDistances distances;
  // [states]: tokens left from which on a state's mask is not narrowed; 0 until its first is made.
  private final AtomicIntegerArray enough;

  private TokenConstraint(ByteAutomaton automaton, AnswerTokens tokens) {
    this.automaton = automaton;
    this.trie = tokens.trie();
    this.ends = tokens.ends();
    this.distances = new ClosingDistances(automaton, trie);
    this.enough = new AtomicIntegerArray(automaton.states());
  }

  /**
   * Compiles a constraint. Takes a second at most.
   *
   * @throws InvalidConfigurationException where the expression is not supported or too large, where
   *     nothing matches, or where the vocabulary has no tokens for what does
   */
  public static TokenConstraint of(AnswerConstraint constraint, AnswerTokens tokens) {
    TokenConstraint compiled = new TokenConstraint(ConstraintCompiler.compile(constraint), tokens);
    if (compiled.fewestTokens() == ClosingDistances.NEVER) {
      throw new InvalidConfigurationException(
          "The model's vocabulary has no tokens for any text that the constraint allows");
    }
    return compiled;
  }

  /**
   * Checks what can be checked without a model.
   *
   * @throws InvalidConfigurationException where the constraint is not supported, too large, or
   *     allows nothing
   */
  public static void check(AnswerConstraint constraint) {
    ConstraintCompiler.compile(constraint);
  }

  /** Returns a number of tokens, as low as is known, within which there is an allowed answer. */
  public int fewestTokens() {
    int first = distances.tokensGoingOn(0);
    return automaton.accepts(0) && ends.length > 0 ? 1 : first;
  }

  /** Begins an answer of at most so many tokens, at least {@link #fewestTokens}. */
  public ConstrainedAnswer begin(int mostTokens) {
    return new ConstrainedAnswer(this, mostTokens);
  }

  /**
   * Returns the state after a token, which must be allowed.
   *
   * @throws IllegalStateException where it is not
   */
  int next(int state, int token) {
    int next = trie.step(automaton, state, token);
    if (next == ByteAutomaton.NONE) {
      throw new IllegalStateException("A token was chosen that its mask does not allow: " + token);
    }
    return next;
  }

  boolean accepts(int state) {
    return automaton.accepts(state);
  }

  /** Returns whether an allowed text may go on, whatever number of tokens that takes. */
  boolean continues(int state) {
    return automaton.continues(state) && distances.tokensGoingOn(state) != ClosingDistances.NEVER;
  }

  /** Returns within how many more tokens, at least one, an allowed text can end. */
  int tokensGoingOn(int state) {
    return distances.tokensGoingOn(state);
  }

  /** Returns tokens left from which on a state's mask is known to be the same for any number. */
  int enoughTokens(int state) {
    int known = enough.get(state);
    return known == 0 ? AnswerPlace.PLENTY : known;
  }

  /**
   * Makes the mask of a state. Walks over the vocabulary: a millisecond for 128k tokens where the
   * state allows most of them.
   *
   * @param left tokens that the answer may still have, the next among them
   */
  TokenMask mask(int state, int left) {
    long[] words = new long[(trie.size() + Long.SIZE - 1) / Long.SIZE];
    int furthest = 1; // that an allowed token is from an end, itself counted
    int[] path = new int[trie.deepest() + 1]; // states by depth
    path[0] = state;
    for (int node = 0; node < trie.nodes(); ) {
      int depth = trie.depth(node);
      int next = automaton.next(path[depth - 1], trie.value(node));
      if (next == ByteAutomaton.NONE) {
        node = trie.end(node);
        continue;
      }
      path[depth] = next;
      int closing = distances.tokens(next);
      int place = trie.firstToken(node);
      int end = trie.firstToken(++node);
      if (place < end && closing != ClosingDistances.NEVER) {
        furthest = Math.max(furthest, closing + 1);
        for (; place < end && closing < left; place++) {
          words[trie.id(place) / Long.SIZE] |= 1L << trie.id(place);
        }
      }
    }
    if (automaton.accepts(state)) {
      for (int id : ends) {
        words[id / Long.SIZE] |= 1L << id;
      }
    }
    enough.set(state, furthest);
    return new TokenMask(words);
  }
}
