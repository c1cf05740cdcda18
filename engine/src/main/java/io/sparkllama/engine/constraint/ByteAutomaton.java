package io.sparkllama.engine.constraint;

import java.util.Arrays;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Transition;

/**
 * Tells, byte by byte, whether UTF-8 text is one that a constraint allows, or the beginning of one.
 * States count from 0, where every text begins. Immutable.
 *
 * <p>Bytes that no state tells apart share a column of the table.
 */
final class ByteAutomaton {
  /** Stands for no state: no allowed text begins so. */
  static final int NONE = -1;

  private final int[] columns; // [256]: the column of a byte
  private final int width; // columns
  private final int[] table; // [states, width]: the next state, or NONE
  private final boolean[] accepting; // [states]

  private ByteAutomaton(int[] columns, int width, int[] table, boolean[] accepting) {
    this.columns = columns;
    this.width = width;
    this.table = table;
    this.accepting = accepting;
  }

  /** Copies a deterministic automaton over bytes, without dead states; its first state is 0. */
  static ByteAutomaton of(Automaton automaton) {
    int[] columns = columns(automaton);
    int width = columns[255] + 1;
    int states = automaton.getNumStates();
    int[] table = new int[states * width];
    Arrays.fill(table, NONE);
    boolean[] accepting = new boolean[states];
    Transition transition = new Transition();
    for (int state = 0; state < states; state++) {
      accepting[state] = automaton.isAccept(state);
      int count = automaton.initTransition(state, transition);
      for (int i = 0; i < count; i++) {
        automaton.getNextTransition(transition);
        int from = state * width + columns[transition.min];
        int to = state * width + columns[transition.max];
        Arrays.fill(table, from, to + 1, transition.dest);
      }
    }
    return new ByteAutomaton(columns, width, table, accepting);
  }

  /** Gives each byte a column; a new one begins wherever a transition begins or has ended. */
  private static int[] columns(Automaton automaton) {
    boolean[] begins = new boolean[257];
    Transition transition = new Transition();
    for (int state = 0; state < automaton.getNumStates(); state++) {
      int count = automaton.initTransition(state, transition);
      for (int i = 0; i < count; i++) {
        automaton.getNextTransition(transition);
        begins[transition.min] = true;
        begins[transition.max + 1] = true;
      }
    }
    int[] columns = new int[256];
    for (int value = 1; value < 256; value++) {
      columns[value] = columns[value - 1] + (begins[value] ? 1 : 0);
    }
    return columns;
  }

  int states() {
    return accepting.length;
  }

  /** Returns the state after a byte, 0 to 255, or {@link #NONE}. */
  int next(int state, int value) {
    return table[state * width + columns[value]];
  }

  /** Returns whether a text that ends here is allowed. */
  boolean accepts(int state) {
    return accepting[state];
  }

  /** Returns whether an allowed text may go on from here. */
  boolean continues(int state) {
    for (int i = state * width; i < (state + 1) * width; i++) {
      if (table[i] != NONE) {
        return true;
      }
    }
    return false;
  }
}
