package io.sparkllama.engine.scheduler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Holds the integers of one sequence: its tokens, how many of them the KV cache has, the blocks
 * they lie in, and what is wanted of the logits.
 *
 * <p>Ordered by age: requests as they came, forks after the sequence that they start from.
 */
public final class Sequence implements Comparable<Sequence> {
  /** Stands for the model as it is. */
  public static final int NO_ADAPTER = -1;

  private enum State {
    NEW,
    WAITING,
    RUNNING,
    DONE
  }

  private final Sequence parent; // null unless a fork
  private final int prefix; // positions taken over from the parent
  private final List<Probe> probes; // by rising position
  private final boolean samples;
  private int[] tokens; // [capacity], those after the prefix; the first length - prefix are in use
  private int length;
  private int numComputedTokens;
  private int nextProbe;
  private int adjustments;
  private BooleanSupplier maySample = () -> true;
  private int adapter;
  private State state = State.NEW;
  private long request = -1;
  private int fork;
  private int forks;
  private BlockTable[] tables = new BlockTable[0]; // [groups]
  private final List<PrefixCache.Block> chain = new ArrayList<>(); // known blocks, from the first
  private PrefixCache.Block awaited; // null, or the block that it waited for last

  private Sequence(Sequence parent, int[] tokens, List<Probe> probes, boolean samples) {
    this.parent = parent;
    this.prefix = parent == null ? 0 : parent.length;
    this.tokens = tokens.clone();
    this.length = prefix + tokens.length;
    this.numComputedTokens = prefix;
    this.probes = List.copyOf(probes);
    this.samples = samples;
    this.adapter = parent == null ? NO_ADAPTER : parent.adapter;
    if (tokens.length == 0) {
      throw new IllegalArgumentException("A sequence needs at least one token");
    }
    int position = numComputedTokens - 1;
    for (Probe probe : probes) {
      if (probe.position() <= position || probe.position() >= length) {
        throw new IllegalArgumentException("Probe out of order or place: " + probe.position());
      }
      position = probe.position();
    }
  }

  /** Makes a sequence that wants the next token sampled whenever all of its tokens are computed. */
  public static Sequence sampling(int[] prompt) {
    return new Sequence(null, prompt, List.of(), true);
  }

  /** Makes a sequence that wants log-probabilities at given positions. */
  public static Sequence probing(int[] tokens, List<Probe> probes) {
    return new Sequence(null, tokens, probes, false);
  }

  /**
   * Makes a sequence that starts from all tokens of a parent, whose KV blocks it shares. The parent
   * must be kept until its forks are finished.
   */
  public static Sequence fork(Sequence parent, int[] tokens, List<Probe> probes) {
    return new Sequence(parent, tokens, probes, false);
  }

  /**
   * Makes a sequence that starts from all tokens of a parent, as {@link #fork}, and wants the next
   * token sampled whenever all of its own are computed.
   */
  public static Sequence samplingFork(Sequence parent, int[] tokens) {
    return new Sequence(parent, tokens, List.of(), true);
  }

  public int length() {
    return length;
  }

  /** Returns how many leading tokens have their keys and values in the cache. */
  public int numComputedTokens() {
    return numComputedTokens;
  }

  public int token(int position) {
    return position < prefix ? parent.token(position) : tokens[position - prefix];
  }

  /** Adds a token that was sampled. */
  public void append(int token) {
    if (length - prefix == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.max(16, tokens.length + tokens.length / 2));
    }
    tokens[length++ - prefix] = token;
  }

  /** Says how many ids' logits are changed before the next token is sampled. */
  public void adjust(int ids) {
    adjustments = ids;
  }

  /**
   * Says when the next token may be sampled. It is asked whenever a step would; where it may not,
   * the step computes all tokens but the last.
   */
  public void sampleWhen(BooleanSupplier ready) {
    maySample = ready;
  }

  /**
   * Says which adapter changes the model for it, before it is scheduled: its keys and values are
   * that adapter's. A fork has its parent's.
   */
  public void use(int newAdapter) {
    if (state != State.NEW || (parent != null && parent.adapter != newAdapter)) {
      throw new IllegalStateException("Its adapter is decided already: " + newAdapter);
    }
    adapter = newAdapter;
  }

  public int adapter() {
    return adapter;
  }

  public BlockTable table(int group) {
    return tables[group];
  }

  /** Returns the rows of logits wanted among the next tokens. */
  public int rows(int count) {
    return probesWithin(count) + (samplesWithin(count) ? 1 : 0);
  }

  /** Returns the probes that fall among the next tokens. */
  public int probesWithin(int count) {
    int end = nextProbe;
    while (end < probes.size() && probes.get(end).position() < numComputedTokens + count) {
      end++;
    }
    return end - nextProbe;
  }

  /** Returns whether a token is to be sampled after so many next tokens. */
  public boolean samplesWithin(int count) {
    return samples && numComputedTokens + count == length;
  }

  /** Returns the probe that stands {@code index} after the last answered one. */
  public Probe pendingProbe(int index) {
    return probes.get(nextProbe + index);
  }

  /** Counts the first pending probe as answered: it will not be asked again, even on a replay. */
  public void answerProbe() {
    nextProbe++;
  }

  /** Returns whether every probe is answered. */
  public boolean probesAnswered() {
    return nextProbe == probes.size();
  }

  @Override
  public int compareTo(Sequence other) {
    int byRequest = Long.compare(request, other.request);
    return byRequest != 0 ? byRequest : Integer.compare(fork, other.fork);
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  Sequence parent() {
    return parent;
  }

  int prefix() {
    return prefix;
  }

  int remaining() {
    return length - numComputedTokens;
  }

  int largestProbe() {
    return probes.stream().mapToInt(probe -> probe.candidates().length).max().orElse(0);
  }

  /**
   * Returns how many of the next tokens may run with so many rows of logits and candidates left.
   */
  int countWithin(int count, int rows, int candidates) {
    int left = candidates;
    int within = probesWithin(count);
    for (int i = 0; i < within; i++) {
      Probe probe = pendingProbe(i);
      left -= probe.candidates().length;
      if (i == rows || left < 0) {
        return probe.position() - numComputedTokens;
      }
    }
    return samplesWithin(count) && (within == rows || !maySample.getAsBoolean())
        ? count - 1
        : count;
  }

  int candidates(int count) {
    int sum = 0;
    for (int i = 0; i < probesWithin(count); i++) {
      sum += pendingProbe(i).candidates().length;
    }
    return sum;
  }

  /** Returns the adjustments that the step after so many next tokens needs. */
  int adjustments(int count) {
    return count > 0 && samplesWithin(count) ? adjustments : 0;
  }

  BlockTable[] tables() {
    return tables;
  }

  /** Returns the leading blocks that the prefix cache knows of, computed or expected to be. */
  List<PrefixCache.Block> chain() {
    return chain;
  }

  /** Returns the block that it waited for last, null where it waited for none. */
  PrefixCache.Block awaited() {
    return awaited;
  }

  /** Notes that it waits for another sequence to compute a block. */
  void await(PrefixCache.Block block) {
    awaited = block;
  }

  /** Returns how many leading tokens need not be computed where their keys and values are known. */
  int skippable() {
    return nextProbe < probes.size() ? probes.get(nextProbe).position() : length - 1;
  }

  /** Counts leading tokens as computed: their keys and values were there. */
  void skip(int count) {
    numComputedTokens = count;
  }

  boolean isNew() {
    return state == State.NEW;
  }

  boolean isWaiting() {
    return state == State.WAITING;
  }

  boolean isRunning() {
    return state == State.RUNNING;
  }

  /** Returns whether it lacks one token and wants the next. */
  public boolean isDecoding() {
    return samples && remaining() == 1;
  }

  /** Returns whether it lacks nothing but the leave to sample. */
  boolean isHeld() {
    return isDecoding() && !maySample.getAsBoolean();
  }

  /** Returns whether it holds blocks for its forks alone. */
  boolean isIdle() {
    return state == State.RUNNING && remaining() == 0;
  }

  /** Returns whether a fork can start: its parent has every token of the prefix in the cache. */
  boolean parentIsReady() {
    return parent == null || (parent.isRunning() && parent.numComputedTokens >= prefix);
  }

  void enqueue(long newRequest, int groups) {
    if (parent == null) {
      request = newRequest;
    } else {
      request = parent.request;
      fork = ++parent.forks;
    }
    tables = new BlockTable[groups];
    Arrays.setAll(tables, group -> new BlockTable());
    state = State.WAITING;
  }

  void start() {
    state = State.RUNNING;
  }

  /** Goes back to waiting; its blocks must have been released. */
  void restart() {
    numComputedTokens = prefix;
    state = State.WAITING;
  }

  void advance(int count) {
    numComputedTokens += count;
  }

  void end() {
    state = State.DONE;
  }
}
