package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Runs a scheduler over pools whose positions remember which tokens they were computed from, so
 * that a block shared by mistake, read before it was written, or lost is seen. Its runner samples
 * tokens that depend on a sequence's own alone.
 */
final class ScheduleSimulation {
  /**
   * Steps after which the oldest request must have gone forward: more than answers of 40 tokens
   * take that are under way, 6 at most, where a step has room for one token or row of logits.
   */
  private static final int PATIENCE = 400;

  private static final int VOCABULARY = 3;

  /** Is one sequence, and what is still wanted of it. */
  static final class Job {
    final Sequence sequence;
    private final Job parent; // null unless a fork
    private final List<Job> forks = new ArrayList<>();
    private int left; // rows of logits until it ends
    private int forksToMake;

    private Job(Sequence sequence, Job parent, int left) {
      this.sequence = sequence;
      this.parent = parent;
      this.left = left;
    }

    /** Returns the rows of logits until it ends. */
    int left() {
      return left;
    }

    /** Keeps it for more rows than it was made for. */
    void keepFor(int rows) {
      left = rows;
    }
  }

  final BlockManager blocks;
  final Scheduler scheduler;
  private final int blockSize;
  private final int pool; // blocks of the smallest
  private final long[][] pools; // [groups][positions]
  private final List<Job> jobs = new ArrayList<>(); // by age, but for forks
  private int adapters = 1; // sequences take turns with them, the first being none
  private int requests;
  private long computed;
  private Job oldest; // that was seen last
  private long oldestProgress;
  private int stepsWithoutProgress;

  /**
   * @param pools blocks of each group
   */
  ScheduleSimulation(int[] pools, int blockSize, SchedulerLimits limits, boolean prefixCache) {
    this.blockSize = blockSize;
    this.pool = Arrays.stream(pools).min().orElseThrow();
    blocks = new BlockManager(pools, blockSize, prefixCache);
    scheduler = new Scheduler(limits, blocks);
    this.pools = new long[pools.length][];
    Arrays.setAll(this.pools, group -> new long[pools[group] * blockSize]);
  }

  /** Returns the positions that one sequence may have at most. */
  int positions() {
    return pool * blockSize;
  }

  /** Returns the tokens computed since this was last called. */
  long takeComputed() {
    long taken = computed;
    computed = 0;
    return taken;
  }

  boolean has(Job job) {
    return jobs.contains(job);
  }

  int size() {
    return jobs.size();
  }

  /** Submits a sequence that samples so many tokens. */
  Job sampling(int[] tokens, int samples) {
    return sampling(tokens, samples, 0);
  }

  /** Submits one whose rows need so many adjustments each. */
  Job sampling(int[] tokens, int samples, int adjustments) {
    Sequence sequence = Sequence.sampling(tokens);
    sequence.adjust(adjustments);
    return added(new Job(sequence, null, samples));
  }

  /** Submits a sequence that asks at given places, then forks. */
  Job probing(int[] tokens, List<Probe> probes, int forks) {
    Job job = new Job(Sequence.probing(tokens, probes), null, probes.size());
    job.forksToMake = forks;
    return added(job);
  }

  /** Submits a sequence that nothing is asked of, with forks that sample from its end on. */
  void family(int[] tokens, int forks, int samples, int adjustments) {
    if (!scheduler.fitsForked(tokens.length, tokens.length + samples)) {
      return;
    }
    Job parent = added(new Job(Sequence.probing(tokens, List.of()), null, 0));
    for (int i = 0; i < forks; i++) {
      Sequence sequence = Sequence.samplingFork(parent.sequence, new int[1]);
      sequence.adjust(adjustments);
      Job fork = new Job(sequence, parent, samples);
      parent.forks.add(fork);
      added(fork);
    }
  }

  /** Lets requests take turns with the model as it is and so many adapters. */
  void useAdapters(int count) {
    adapters = 1 + count;
  }

  private Job added(Job job) {
    if (job.parent == null) {
      job.sequence.use(requests++ % adapters - 1);
    }
    scheduler.add(job.sequence);
    jobs.add(job);
    return job;
  }

  /** Withdraws the request of one of the sequences: its family ends in some order. */
  void cancel(int index, Random order) {
    cancel(jobs.get(index), order);
  }

  void cancel(Job job, Random order) {
    Job root = job.parent == null ? job : job.parent;
    List<Job> family = new ArrayList<>(root.forks);
    family.add(order.nextInt(family.size() + 1), root);
    root.forks.clear();
    for (Job member : family) {
      scheduler.finish(member.sequence);
      jobs.remove(member);
    }
  }

  /** Runs until nothing is left, when every block must be free. */
  void runToEnd() {
    while (!jobs.isEmpty()) {
      step();
    }
    assertThat(blocks.freeBlocks()).as("free blocks at the end").isEqualTo(pool);
    assertThat(scheduler.running() + scheduler.waiting()).isZero();
  }

  /** Runs one step and checks what it leaves. */
  void step() {
    ScheduledBatch batch = scheduler.schedule();
    assertThat(batch.isEmpty()).isEqualTo(jobs.isEmpty());
    computed += batch.tokens();
    batch.entries().forEach(entry -> entry.copies().forEach(this::copy)); // as the runner does
    batch.entries().forEach(this::compute);
    batch.entries().forEach(entry -> checkContents(entry.sequence(), entry.count()));
    checkAccounts();
    List<Integer> rows = batch.entries().stream().map(ScheduledBatch.Entry::rows).toList();
    scheduler.update(batch);
    for (int i = 0; i < rows.size(); i++) {
      Sequence sequence = batch.entries().get(i).sequence();
      for (int row = 0; row < rows.get(i); row++) {
        jobs.stream().filter(job -> job.sequence == sequence).findFirst().ifPresent(this::answer);
      }
    }
    checkProgress();
  }

  private void checkProgress() {
    Job first = jobs.isEmpty() ? null : jobs.get(0);
    long progress = first == null ? 0 : progress(first);
    boolean moved = first == null || first != oldest || progress > oldestProgress;
    stepsWithoutProgress = moved ? 0 : stepsWithoutProgress + 1;
    oldestProgress = moved ? progress : oldestProgress; // the most it had
    oldest = first;
    assertThat(stepsWithoutProgress).as("steps the oldest request has waited").isLessThan(PATIENCE);
  }

  private static long progress(Job root) {
    long progress = root.sequence.numComputedTokens() - 1000L * root.left;
    for (Job fork : root.forks) {
      progress += fork.sequence.numComputedTokens() - 1000L * fork.left;
    }
    return progress - 1_000_000L * root.forks.size() - 100_000_000L * root.forksToMake;
  }

  private void copy(BlockCopy copy) {
    long[] pool = pools[copy.group()];
    assertThat(copy.source()).isNotEqualTo(copy.target());
    System.arraycopy(pool, copy.source() * blockSize, pool, copy.target() * blockSize, blockSize);
  }

  // A position holds what identifies all tokens up to it.
  private void compute(ScheduledBatch.Entry entry) {
    int begin = entry.sequence().numComputedTokens();
    for (int position = begin; position < begin + entry.count(); position++) {
      for (int group = 0; group < pools.length; group++) {
        pools[group][slot(entry.sequence(), group, position)] = mark(entry.sequence(), position);
      }
    }
  }

  private void checkContents(Sequence sequence, int count) {
    for (int group = 0; group < pools.length; group++) {
      for (int position = 0; position < sequence.numComputedTokens() + count; position++) {
        assertThat(pools[group][slot(sequence, group, position)])
            .as("group %d, position %d", group, position)
            .isEqualTo(mark(sequence, position));
      }
    }
  }

  private void checkAccounts() {
    long held = heldIn(0);
    for (int group = 1; group < pools.length; group++) {
      assertThat(heldIn(group)).isEqualTo(held);
    }
    assertThat(held + blocks.freeBlocks()).isEqualTo(pool);
  }

  /** Returns the blocks of a group that sequences hold. */
  long heldIn(int group) {
    return jobs.stream().flatMapToInt(job -> blocksOf(job.sequence, group)).distinct().count();
  }

  private static IntStream blocksOf(Sequence sequence, int group) {
    BlockTable table = sequence.table(group);
    return IntStream.range(0, table.size()).map(table::block);
  }

  private int slot(Sequence sequence, int group, int position) {
    return sequence.table(group).block(position / blockSize) * blockSize + position % blockSize;
  }

  private static long mark(Sequence sequence, int position) {
    long mark = 17 + sequence.adapter();
    for (int i = 0; i <= position; i++) {
      mark = mark * 1_000_003 + sequence.token(i) + 1;
    }
    return mark;
  }

  private void answer(Job job) {
    job.left--;
    if (!job.sequence.probesAnswered()) {
      job.sequence.answerProbe();
    } else if (job.left > 0) {
      long mark = mark(job.sequence, job.sequence.length() - 1);
      job.sequence.append((int) Math.floorMod(mark, (long) VOCABULARY));
    }
    if (job.forksToMake > 0) {
      fork(job);
    } else if (job.left == 0) {
      finish(job);
    }
  }

  private void finish(Job job) {
    scheduler.finish(job.sequence);
    jobs.remove(job);
    if (job.parent != null) {
      job.parent.forks.remove(job);
      if (job.parent.forks.isEmpty()) {
        finish(job.parent);
      }
    }
  }

  private void fork(Job job) {
    int prefix = job.sequence.length();
    for (; job.forksToMake > 0; job.forksToMake--) {
      int count = 1 + job.forksToMake % 5;
      List<Probe> probes =
          IntStream.range(0, count).mapToObj(i -> new Probe(prefix + i, new int[1])).toList();
      Sequence sequence =
          job.forksToMake % 2 == 0
              ? Sequence.fork(job.sequence, new int[count], probes)
              : Sequence.samplingFork(job.sequence, new int[1]);
      Job fork = new Job(sequence, job, count);
      if (!scheduler.fitsForked(prefix, prefix + count)) {
        continue;
      }
      job.forks.add(fork);
      added(fork);
    }
    if (job.forks.isEmpty()) {
      finish(job);
    }
  }
}
