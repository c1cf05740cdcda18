package io.sparkllama.job.prediction;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;

/**
 * Counts what prompts begin with alike, and says how much of many more prompts a cache of prefixes
 * has.
 *
 * <p>Prompts that come one after the other to a cache that forgets nothing compute each node of
 * their trie once, in whatever order they come: the cache has their tokens less the trie's nodes.
 *
 * @param prompts sampled
 * @param tokens of all of them
 * @param nodes of the trie by the number of prompts that go through: {@code [prompts + 1]}
 * @param deviation of the leading tokens that neighbours in the order of tokens share
 */
public record SharedPrefixes(int prompts, long tokens, long[] nodes, double deviation)
    implements Serializable {
  /** With fewer prompts than this nothing is said about how sharing grows with their number. */
  private static final int LEAST_FOR_GROWTH = 16;

  /** Counts the prompts' trie by sorting them; takes no memory but the prompts' own. */
  public static SharedPrefixes of(Collection<int[]> prompts) {
    int[][] sorted = prompts.toArray(int[][]::new);
    Arrays.sort(sorted, Arrays::compare);
    int[] shared = new int[sorted.length]; // with the one before
    long tokens = 0;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < sorted.length; i++) {
      tokens += sorted[i].length;
      shared[i] = i == 0 ? 0 : inCommon(sorted[i - 1], sorted[i]);
      sum += shared[i];
      squares += (double) shared[i] * shared[i];
    }
    int pairs = Math.max(1, sorted.length - 1);
    double deviation = Math.sqrt(Math.max(0, squares / pairs - sum / pairs * sum / pairs));
    long[] nodes = new long[sorted.length + 1];
    for (int i = 0; i < sorted.length; i++) {
      countNodesOf(i, sorted, shared, nodes);
    }
    return new SharedPrefixes(sorted.length, tokens, nodes, deviation);
  }

  /**
   * Counts the nodes that a prompt adds to those before it: each by how many prompts after it go
   * through the node too.
   */
  private static void countNodesOf(int prompt, int[][] sorted, int[] shared, long[] nodes) {
    int depth = sorted[prompt].length;
    int through = 1;
    for (int next = prompt + 1; next < sorted.length && depth > shared[prompt]; next++, through++) {
      int kept = Math.max(shared[prompt], Math.min(depth, shared[next]));
      nodes[through] += depth - kept;
      depth = kept;
    }
    nodes[through] += depth - shared[prompt];
  }

  private static int inCommon(int[] one, int[] other) {
    int mismatch = Arrays.mismatch(one, other);
    return mismatch < 0 ? one.length : mismatch;
  }

  /** Returns the tokens of the sampled prompts that the cache has. */
  public long shared() {
    return tokens - Arrays.stream(nodes).sum();
  }

  /**
   * Returns the tokens that the cache has, on average, of so many of the prompts drawn at random: a
   * node is left out with the probability that none of its prompts is drawn.
   */
  double shared(int drawn) {
    double expected = 0;
    double missed = 1; // all prompts through a node, by the hypergeometric distribution
    for (int through = 1; through <= prompts; through++) {
      missed *= Math.max(0, prompts - drawn - through + 1) / (double) (prompts - through + 1);
      expected += nodes[through] * (1 - missed);
    }
    return (double) tokens * drawn / prompts - expected;
  }

  /**
   * Estimates the tokens that the cache has of many prompts of which these are a sample. What a
   * prompt shares with those before it grows with the logarithm of their number, as it does for
   * texts drawn from any source; by how much, the sample's own halves say.
   *
   * @param kept prompts that the cache has room for, those that came last
   */
  public Estimate sharedOf(double total, double kept) {
    if (prompts == 0 || total <= 0) {
      return Estimate.exactly(0);
    }
    double known = Math.min(total, Math.max(1, kept));
    double later = total - known; // each of them meets as many as the cache keeps
    if (known < prompts) {
      int drawn = (int) known;
      return within(shared(drawn) + later * perPrompt(drawn, drawn + 1), total);
    }
    double last = perPrompt(prompts / 2, prompts);
    double flat = shared() + (total - prompts) * last;
    if (prompts < LEAST_FOR_GROWTH || total == prompts) {
      return within(flat, total);
    }
    double growth = Math.max(0, (last - perPrompt(prompts / 4, prompts / 2)) / Math.log(2));
    // The mean of growth * ln(m) over the sample's second half is part of last.
    double atHalf = Math.log(prompts) - 1 + Math.log(2);
    double overKnown =
        known * (Math.log(known) - 1)
            - prompts * (Math.log(prompts) - 1)
            - (known - prompts) * atHalf;
    double grown = growth * (overKnown + later * (Math.log(known) - atHalf));
    Estimate estimate = within(flat + grown, total);
    return new Estimate(
            estimate.value(),
            estimate.low() - grown,
            Math.max(estimate.high(), estimate.value() + grown))
        .between(0, most(total));
  }

  private Estimate within(double shared, double total) {
    double half = total <= prompts ? 0 : Estimate.Z95 * deviation / Math.sqrt(prompts) * total;
    return Estimate.within(shared, half).between(0, most(total));
  }

  /** A prompt's last token is always computed. */
  private double most(double total) {
    return Math.max(0, (double) tokens / prompts - 1) * total;
  }

  /** Returns what a prompt shares with those before it, between two numbers of these. */
  private double perPrompt(int before, int after) {
    return after == before ? 0 : (shared(after) - shared(before)) / (after - before);
  }
}
