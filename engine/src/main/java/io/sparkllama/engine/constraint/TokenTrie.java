package io.sparkllama.engine.constraint;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.IntFunction;

/**
 * Holds the bytes of a vocabulary's tokens as a tree, so that what many begin with is looked at
 * once.
 *
 * <p>Nodes stand in the order of a walk that takes children by rising byte: a node's first child,
 * where it has one, is the next node, and {@link #end} skips all below it. Immutable.
 */
final class TokenTrie {
  private final int size; // of the vocabulary
  private byte[] bytes; // [nodes]: what leads to the node
  private short[] depths; // [nodes]: 1 for those below the root
  private int[] ends; // [nodes]: the node after all below it
  private int[] firsts; // [nodes + 1]: where its tokens begin in ids
  private final int[] ids; // [tokens], by bytes
  private final byte[] text; // all tokens' bytes
  private final int[] offsets; // [size + 1]: where a token's begin in text
  private int nodes;
  private int deepest;

  /**
   * Makes the tree.
   *
   * @param size of the vocabulary
   * @param bytes of each token; empty for those that stand for none, which are left out
   */
  TokenTrie(int size, IntFunction<byte[]> bytes) {
    this.size = size;
    byte[][] tokens = new byte[size][];
    offsets = new int[size + 1];
    for (int id = 0; id < size; id++) {
      byte[] token = bytes.apply(id);
      // No text needs one so long: shorter tokens say the same.
      tokens[id] = token.length > Short.MAX_VALUE ? new byte[0] : token;
      offsets[id + 1] = Math.addExact(offsets[id], tokens[id].length);
      deepest = Math.max(deepest, tokens[id].length);
    }
    text = new byte[offsets[size]];
    Integer[] order = new Integer[size];
    for (int id = 0; id < size; id++) {
      System.arraycopy(tokens[id], 0, text, offsets[id], tokens[id].length);
      order[id] = id;
    }
    Arrays.sort(order, Comparator.comparing(id -> tokens[id], Arrays::compareUnsigned));
    this.bytes = new byte[text.length];
    depths = new short[text.length];
    ends = new int[text.length];
    firsts = new int[text.length + 1];
    ids = new int[size];
    build(tokens, order);
    this.bytes = Arrays.copyOf(this.bytes, nodes);
    depths = Arrays.copyOf(depths, nodes);
    ends = Arrays.copyOf(ends, nodes);
    firsts = Arrays.copyOf(firsts, nodes + 1);
  }

  private void build(byte[][] tokens, Integer[] order) {
    int[] path = new int[deepest + 1]; // nodes on the way to the last token, from depth 1
    int length = 0;
    byte[] last = new byte[0];
    int count = 0;
    for (int id : order) {
      byte[] token = tokens[id];
      if (token.length == 0) {
        continue;
      }
      int mismatch = Arrays.mismatch(last, token);
      int shared = mismatch < 0 ? token.length : mismatch;
      for (; length > shared; length--) {
        ends[path[length]] = nodes;
      }
      for (; length < token.length; length++) {
        path[length + 1] = nodes;
        bytes[nodes] = token[length];
        depths[nodes] = (short) (length + 1);
        firsts[nodes++] = count;
      }
      ids[count++] = id;
      last = token;
    }
    for (; length > 0; length--) {
      ends[path[length]] = nodes;
    }
    firsts[nodes] = count;
  }

  /** Returns the number of tokens of the vocabulary, those without bytes among them. */
  int size() {
    return size;
  }

  int nodes() {
    return nodes;
  }

  /** Returns the bytes of the longest token. */
  int deepest() {
    return deepest;
  }

  /** Returns whether a token ends at a node. */
  boolean hasToken(int node) {
    return firsts[node] < firsts[node + 1];
  }

  /** Returns the byte that leads to a node, 0 to 255. */
  int value(int node) {
    return bytes[node] & 0xff;
  }

  /** Returns how many bytes lead to a node. */
  int depth(int node) {
    return depths[node];
  }

  /** Returns the node that follows all those below a node. */
  int end(int node) {
    return ends[node];
  }

  /** Returns where the tokens that end at a node begin; they end where the next node's begin. */
  int firstToken(int node) {
    return firsts[node];
  }

  /** Returns the id of a token by its place among those of nodes. */
  int id(int place) {
    return ids[place];
  }

  /** Returns the child of a node by its byte, or -1; node -1 is the root. */
  int child(int node, int value) {
    int end = node < 0 ? nodes : ends[node];
    for (int child = node + 1; child < end; child = ends[child]) {
      if (value(child) == value) {
        return child;
      }
    }
    return -1;
  }

  /** Returns the automaton's state after a token's bytes, or {@link ByteAutomaton#NONE}. */
  int step(ByteAutomaton automaton, int state, int id) {
    int next = state;
    for (int i = offsets[id]; i < offsets[id + 1] && next != ByteAutomaton.NONE; i++) {
      next = automaton.next(next, text[i] & 0xff);
    }
    return next;
  }
}
