package io.sparkllama.job.division;

import java.util.Arrays;

/**
 * Collects the places where a text may be cut, in order, each with its rank and the tokens before
 * it. The first is the text's beginning, the last its end.
 */
final class Borders {
  /** Is higher the better a place is: between characters, words, sentences. */
  static final byte CHARACTER = 0;

  static final byte SPACE = 1;
  static final byte SENTENCE = 2;

  private int[] positions = new int[64]; // [size]
  private byte[] ranks = new byte[64]; // [size]
  private double[] tokens = new double[64]; // [size]
  private int size = 1; // the text's beginning

  /** Adds a place behind all others. */
  void add(int position, byte rank, double tokensBefore) {
    if (size == positions.length) {
      positions = Arrays.copyOf(positions, 2 * size);
      ranks = Arrays.copyOf(ranks, 2 * size);
      tokens = Arrays.copyOf(tokens, 2 * size);
    }
    positions[size] = position;
    ranks[size] = rank;
    tokens[size] = tokensBefore;
    size++;
  }

  /** Returns the index of the text's end. */
  int last() {
    return size - 1;
  }

  int position(int index) {
    return positions[index];
  }

  byte rank(int index) {
    return ranks[index];
  }

  /** Returns the tokens before a place, about. */
  double tokens(int index) {
    return tokens[index];
  }

  /** Returns the tokens between two places, about. */
  double between(int from, int to) {
    return tokens[to] - tokens[from];
  }
}
