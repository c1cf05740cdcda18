package io.sparkllama.engine.constraint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Transition;

/**
 * Turns a deterministic automaton over characters into one over the bytes of their UTF-8, as
 * deterministic. It accepts valid UTF-8 alone; Lucene's own conversion is for texts known to be
 * valid, and accepts longer forms of a character, which a model must not write.
 *
 * <p>States within a character that lead to the same are one.
 */
final class Utf8Automaton {
  private static final int NONE = -1;
  private static final int TAIL_BITS = 6; // of a character in each byte after its first
  private static final int TAIL = 0x80;

  /** Is a range of characters, or of bytes, that leads to a state. */
  private record Edge(int first, int last, int target) {}

  private final int mostStates;
  private final Automaton.Builder bytes = new Automaton.Builder();
  private final Map<List<Edge>, Integer> within = new HashMap<>(); // states, by what leaves them
  private List<Edge> characters = List.of(); // that leave the state in hand, rising

  private Utf8Automaton(int mostStates) {
    this.mostStates = mostStates;
  }

  /**
   * Converts an automaton; empty where the other would have more states than it may.
   *
   * @param automaton deterministic, over code points without surrogates
   */
  static Optional<Automaton> of(Automaton automaton, int mostStates) {
    Utf8Automaton utf8 = new Utf8Automaton(mostStates);
    for (int state = 0; state < automaton.getNumStates(); state++) {
      utf8.bytes.createState();
      utf8.bytes.setAccept(state, automaton.isAccept(state));
    }
    for (int state = 0; state < automaton.getNumStates(); state++) {
      utf8.characters = edges(automaton, state);
      utf8.addState(state);
      if (utf8.bytes.getNumStates() > mostStates) {
        return Optional.empty();
      }
    }
    return Optional.of(utf8.bytes.finish());
  }

  private static List<Edge> edges(Automaton automaton, int state) {
    List<Edge> edges = new ArrayList<>();
    Transition transition = new Transition();
    int count = automaton.initTransition(state, transition);
    for (int i = 0; i < count; i++) {
      automaton.getNextTransition(transition); // they rise
      edges.add(new Edge(transition.min, transition.max, transition.dest));
    }
    return edges;
  }

  /** Adds what leaves a state between characters: first bytes. */
  private void addState(int state) {
    List<Edge> edges = new ArrayList<>();
    for (int value = 0; value < 0x80; value++) {
      join(edges, value, target(value));
    }
    for (int value = 0xc2; value <= 0xdf; value++) {
      join(edges, value, within(1, (value & 0x1f) << TAIL_BITS, 0x80));
    }
    for (int value = 0xe0; value <= 0xef; value++) {
      join(edges, value, within(2, (value & 0xf) << 2 * TAIL_BITS, 0x800));
    }
    for (int value = 0xf0; value <= 0xf4; value++) {
      join(edges, value, within(3, (value & 0x7) << 3 * TAIL_BITS, 0x10000));
    }
    edges.forEach(edge -> bytes.addTransition(state, edge.target(), edge.first(), edge.last()));
  }

  /**
   * Returns the state within a character that so many bytes are missing of, or {@link #NONE} where
   * no character of those that it may become leads anywhere.
   *
   * @param first the lowest that it may become
   * @param lowest character that is written with so many bytes
   */
  private int within(int missing, int first, int lowest) {
    int last = first + (1 << missing * TAIL_BITS) - 1;
    int index = indexReaching(Math.max(first, lowest));
    if (index == characters.size() || characters.get(index).first() > last) {
      return NONE;
    }
    Edge edge = characters.get(index);
    if (edge.first() <= first && first >= lowest && edge.last() >= last) {
      return uniform(missing, edge.target());
    }
    List<Edge> edges = new ArrayList<>();
    for (int i = 0; i < 1 << TAIL_BITS; i++) {
      int from = first + (i << (missing - 1) * TAIL_BITS);
      int next = missing == 1 ? target(from) : within(missing - 1, from, lowest);
      join(edges, TAIL + i, missing == 1 && from < lowest ? NONE : next);
    }
    return edges.isEmpty() ? NONE : intern(edges);
  }

  /** Returns the state from which so many further bytes lead to one state, whatever they are. */
  private int uniform(int missing, int target) {
    int next = missing == 1 ? target : uniform(missing - 1, target);
    return intern(List.of(new Edge(TAIL, TAIL + (1 << TAIL_BITS) - 1, next)));
  }

  private int intern(List<Edge> edges) {
    Integer known = within.get(edges);
    if (known != null) {
      return known;
    }
    if (bytes.getNumStates() > mostStates) {
      return 0; // it will be refused: no more need be made
    }
    int state = bytes.createState();
    edges.forEach(edge -> bytes.addTransition(state, edge.target(), edge.first(), edge.last()));
    within.put(List.copyOf(edges), state);
    return state;
  }

  private int target(int character) {
    int index = indexReaching(character);
    boolean found = index < characters.size() && characters.get(index).first() <= character;
    return found ? characters.get(index).target() : NONE;
  }

  /** Returns the index of the first edge that does not end before a character. */
  private int indexReaching(int character) {
    int low = 0;
    int high = characters.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (characters.get(middle).last() < character) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * Adds the next byte to edges that rise, to the last of them where it leads to the same state.
   */
  private static void join(List<Edge> edges, int value, int target) {
    if (target == NONE) {
      return;
    }
    int end = edges.size() - 1;
    boolean same =
        end >= 0 && edges.get(end).target() == target && edges.get(end).last() == value - 1;
    if (same) {
      edges.set(end, new Edge(edges.get(end).first(), value, target));
    } else {
      edges.add(new Edge(value, value, target));
    }
  }
}
