package io.sparkllama.engine.constraint;

import java.util.Arrays;

/**
 * Tells for each state of an automaton within how many tokens an allowed text can end.
 *
 * <p>The numbers can always be kept, and are nearly always the fewest. To know the fewest, each
 * state would need a look at the whole vocabulary; what is looked at here is bounded: the tokens
 * along one shortest way of bytes, and those that a bounded walk through the vocabulary finds.
 */
final class ClosingDistances {
  /** Stands for a state from which these tokens lead to no end. */
  static final int NEVER = Integer.MAX_VALUE;

  private static final int MOST_VISITS = 64 << 20; // nodes of the trie, for all states together
  private static final int LEAST_VISITS = 4096; // for each state
  private static final int MOST_EDGES = 4 << 20;
  private static final int LEAST_EDGES = 256;

  private final ByteAutomaton automaton;
  private final TokenTrie trie;
  private final int[] tokens; // [states]
  private final int[] tokensGoingOn; // [states]

  ClosingDistances(ByteAutomaton automaton, TokenTrie trie) {
    this.automaton = automaton;
    this.trie = trie;
    StateGraph graph = tokenGraph(shortestWays());
    tokens = graph.distances(automaton);
    tokensGoingOn = graph.distancesGoingOn(tokens);
  }

  /** Returns within how many more tokens a text can end; 0 where it may end here. */
  int tokens(int state) {
    return tokens[state];
  }

  /** Returns within how many more tokens, at least one, a text can end. */
  int tokensGoingOn(int state) {
    return tokensGoingOn[state];
  }

  /** Returns the next byte of a shortest way to an end over bytes that are tokens; -1 for none. */
  private int[] shortestWays() {
    int states = automaton.states();
    int[] values = byteTokens();
    StateGraph graph = new StateGraph(states);
    for (int state = 0; state < states; state++) {
      for (int value : values) {
        int next = automaton.next(state, value);
        if (next != ByteAutomaton.NONE) {
          graph.add(state, next);
        }
      }
    }
    int[] bytes = graph.distances(automaton);
    int[] ways = new int[states];
    Arrays.fill(ways, -1);
    for (int state = 0; state < states; state++) {
      for (int i = 0; i < values.length && ways[state] < 0 && bytes[state] != 0; i++) {
        int next = automaton.next(state, values[i]);
        boolean nearer = next != ByteAutomaton.NONE && bytes[next] < bytes[state];
        ways[state] = nearer ? values[i] : -1;
      }
    }
    return ways;
  }

  /** Returns the bytes that are tokens by themselves, rising. */
  private int[] byteTokens() {
    int[] values = new int[256];
    int count = 0;
    for (int node = 0; node < trie.nodes(); node = trie.end(node)) {
      if (trie.hasToken(node)) {
        values[count++] = trie.value(node);
      }
    }
    return Arrays.copyOf(values, count);
  }

  private StateGraph tokenGraph(int[] ways) {
    int states = automaton.states();
    int visits = Math.max(LEAST_VISITS, MOST_VISITS / states);
    int edges = Math.max(LEAST_EDGES, MOST_EDGES / states);
    int[] path = new int[trie.deepest() + 1]; // states by depth
    StateGraph graph = new StateGraph(states);
    for (int state = 0; state < states; state++) {
      followWay(state, ways, graph);
      int mostEdges = graph.edges() + edges;
      path[0] = state;
      int node = 0;
      for (int i = 0; node < trie.nodes() && i < visits && graph.edges() < mostEdges; i++) {
        int depth = trie.depth(node);
        path[depth] = automaton.next(path[depth - 1], trie.value(node));
        if (path[depth] == ByteAutomaton.NONE) {
          node = trie.end(node);
          continue;
        }
        if (trie.hasToken(node)) {
          graph.add(state, path[depth]);
        }
        node++;
      }
    }
    return graph;
  }

  private void followWay(int from, int[] ways, StateGraph graph) {
    int node = -1;
    for (int at = from; ways[at] >= 0; ) {
      node = trie.child(node, ways[at]);
      if (node < 0) {
        return;
      }
      at = automaton.next(at, ways[at]);
      if (trie.hasToken(node)) {
        graph.add(from, at);
      }
    }
  }
}
