package io.sparkllama.engine.runner;

import java.util.Arrays;

/** Holds a sequence as a scheduler would: its tokens, its blocks, and how far it was computed. */
final class TestSequence {
  final int[] blocks;
  final float temperature;
  final int topK;
  final float topP;
  final float minP;
  final long[] randomKey;
  int[] tokens;
  int computed;

  private TestSequence(
      int[] tokens, int[] blocks, float temperature, int topK, float topP, float minP, long key) {
    this.tokens = tokens;
    this.blocks = blocks;
    this.temperature = temperature;
    this.topK = topK;
    this.topP = topP;
    this.minP = minP;
    this.randomKey = new long[] {key, ~key};
  }

  static TestSequence greedy(int[] tokens, int... blocks) {
    return new TestSequence(tokens, blocks, 0, 0, 1, 0, 0);
  }

  static TestSequence sampled(
      int[] tokens, float temperature, int topK, float topP, float minP, long key, int... blocks) {
    return new TestSequence(tokens, blocks, temperature, topK, topP, minP, key);
  }

  /** Returns tokens that no step has run yet. */
  int pending() {
    return tokens.length - computed;
  }

  void append(int token) {
    tokens = Arrays.copyOf(tokens, tokens.length + 1);
    tokens[tokens.length - 1] = token;
  }

  /** Returns a block of a group's table: each group has the blocks in another order. */
  int block(int group, int index) {
    return blocks[(index + group) % blocks.length];
  }
}
