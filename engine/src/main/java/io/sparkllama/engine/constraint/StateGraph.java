package io.sparkllama.engine.constraint;

import java.util.Arrays;

/** Collects which states lead to which, and measures how far each is from where a text may end. */
final class StateGraph {
  private final int states;
  private final int[] firsts; // [states + 1]: where a state's edges begin in targets
  private final int[] seenFrom; // [states]: the last state, plus 1, that was found to lead here
  private int[] targets = new int[1024];
  private int edges;
  private int source = -1;

  StateGraph(int states) {
    this.states = states;
    this.firsts = new int[states + 1];
    this.seenFrom = new int[states];
  }

  /** Adds an edge, once; sources come in rising order. */
  void add(int from, int to) {
    for (; source < from; source++) {
      firsts[source + 1] = edges;
    }
    if (seenFrom[to] == from + 1) {
      return;
    }
    seenFrom[to] = from + 1;
    if (edges == targets.length) {
      targets = Arrays.copyOf(targets, targets.length * 2);
    }
    targets[edges++] = to;
  }

  int edges() {
    return edges;
  }

  /**
   * Returns for each state the edges to the nearest state where a text may end: 0 for these; where
   * no edges lead to one, {@link ClosingDistances#NEVER}.
   */
  int[] distances(ByteAutomaton automaton) {
    for (; source < states; source++) {
      firsts[source + 1] = edges;
    }
    int[] starts = new int[states + 1]; // of those that lead to a state, in sources
    for (int edge = 0; edge < edges; edge++) {
      starts[targets[edge] + 1]++;
    }
    for (int state = 0; state < states; state++) {
      starts[state + 1] += starts[state];
    }
    int[] sources = new int[edges];
    int[] filled = starts.clone();
    for (int state = 0; state < states; state++) {
      for (int edge = firsts[state]; edge < firsts[state + 1]; edge++) {
        sources[filled[targets[edge]]++] = state;
      }
    }
    return layers(automaton, starts, sources);
  }

  private int[] layers(ByteAutomaton automaton, int[] starts, int[] sources) {
    int[] distances = new int[states];
    Arrays.fill(distances, ClosingDistances.NEVER);
    int[] queue = new int[states];
    int end = 0;
    for (int state = 0; state < states; state++) {
      if (automaton.accepts(state)) {
        distances[state] = 0;
        queue[end++] = state;
      }
    }
    for (int at = 0; at < end; at++) {
      for (int i = starts[queue[at]]; i < starts[queue[at] + 1]; i++) {
        if (distances[sources[i]] == ClosingDistances.NEVER) {
          distances[sources[i]] = distances[queue[at]] + 1;
          queue[end++] = sources[i];
        }
      }
    }
    return distances;
  }

  /**
   * Returns for each state the fewest edges, at least one, to a state where a text may end.
   *
   * @param distances what {@link #distances} has returned
   */
  int[] distancesGoingOn(int[] distances) {
    int[] goingOn = new int[states];
    for (int state = 0; state < states; state++) {
      int nearest = ClosingDistances.NEVER;
      for (int edge = firsts[state]; edge < firsts[state + 1]; edge++) {
        nearest = Math.min(nearest, distances[targets[edge]]);
      }
      goingOn[state] = nearest == ClosingDistances.NEVER ? nearest : nearest + 1;
    }
    return goingOn;
  }
}
