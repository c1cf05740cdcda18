package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Runs a scheduler over a pool whose positions remember which tokens they were computed from, so
 * that a block shared by mistake, or read before it was written, is seen.
 */
class PrefixCacheTest {
  private static final int BLOCK_SIZE = 4;
  private static final int POOL = 12;

  /** The second group runs out of blocks first. */
  private static final int[] POOLS = {POOL + 3, POOL};

  private static final SchedulerLimits LIMITS = new SchedulerLimits(5, 16, 6, 6, 12);

  private final BlockManager blocks = new BlockManager(POOLS, BLOCK_SIZE, true);
  private final Scheduler scheduler = new Scheduler(LIMITS, blocks);
  private final long[][] pools = new long[POOLS.length][]; // [groups][positions]
  private final List<Job> jobs = new ArrayList<>();
  private long computed;

  PrefixCacheTest() {
    Arrays.setAll(pools, group -> new long[POOLS[group] * BLOCK_SIZE]);
  }

  private static final class Job {
    final Sequence sequence;
    final Job parent;
    final List<Job> forks = new ArrayList<>();
    int left; // rows of logits until it ends
    int forksToMake;

    Job(Sequence sequence, Job parent, int left) {
      this.sequence = sequence;
      this.parent = parent;
      this.left = left;
    }
  }

  @Test
  void whatBeginsAlikeIsComputedOnce() {
    int[] prefix = IntStream.range(0, 22).toArray();
    Job first = sampling(with(prefix, 100), 1);
    Job second = sampling(with(prefix, 101), 1);
    Job third = sampling(with(prefix, 102, 103), 1);
    runToEnd(new Random(1));

    // 5 blocks of the prefix once; its last 2 tokens and what follows for each.
    assertThat(computed).isEqualTo(20 + 3 + 3 + 4);
    assertThat(scheduler.cachedTokens()).isEqualTo(40);
    assertThat(List.of(first, second, third)).allMatch(job -> job.left == 0);

    sampling(with(prefix, 100), 1);
    runToEnd(new Random(1));
    // Of the third's last block, which its answer filled, another 2.
    assertThat(scheduler.cachedTokens()).isEqualTo(62);
    assertThat(blocks.freeBlocks()).isEqualTo(POOL);
  }

  @Test
  void aWholePromptThatIsKnownStillHasItsLastTokenComputed() {
    sampling(new int[8], 1);
    runToEnd(new Random(1));
    computed = 0;

    sampling(new int[8], 1);
    runToEnd(new Random(1));

    assertThat(computed).isEqualTo(1);
  }

  @Test
  void whatBeginsAlikeInsideABlockIsCopied() {
    int[] prefix = IntStream.range(0, 22).toArray();
    sampling(with(prefix, 100, 101, 102, 103), 1);
    sampling(with(prefix, 200, 201, 202, 203), 1);
    sampling(with(prefix, 100, 101, 202, 203), 1); // most of this one is like the first
    runToEnd(new Random(1));

    assertThat(computed).isEqualTo(26 + 4 + 2); // the third takes over a whole block more
    computed = 0;
    sampling(with(prefix, 100, 201, 202, 203), 1);
    runToEnd(new Random(1));
    assertThat(computed).isEqualTo(3);
  }

  @Test
  void whatIsCopiedIsNotThrownAwayBefore() {
    int[] prefix = IntStream.range(0, 47).toArray();
    sampling(with(prefix, 100), 1);
    runToEnd(new Random(1)); // the pool is full of known blocks
    computed = 0;

    // All twelve are needed, and the only one that can be thrown away begins alike.
    sampling(with(prefix, 200), 1);
    runToEnd(new Random(1));

    assertThat(computed).isEqualTo(4);
  }

  @Test
  void tokensThatAreAskedAboutAreComputed() {
    probing(new int[16], List.of(new Probe(15, new int[1])));
    runToEnd(new Random(1));
    computed = 0;

    probing(new int[16], List.of(new Probe(5, new int[1]), new Probe(15, new int[1])));
    runToEnd(new Random(1));

    assertThat(computed).isEqualTo(11); // position 5 itself and what follows
  }

  @Test
  void whoComputedTheSameAsAnotherHoldsThatInTheEnd() {
    int[] prompt = IntStream.range(0, 8).toArray();
    // Both have to compute position 0: neither can take the other's blocks beforehand.
    List<Probe> probes = List.of(new Probe(0, new int[1]), new Probe(7, new int[1]));
    Job first = probing(prompt, probes);
    Job second = probing(prompt, probes);
    second.left = 3; // it stays
    while (jobs.contains(first) || second.left > 1) {
      step(new Random(1));
    }

    // The first's blocks are the known ones, and the second holds them.
    Job third = sampling(with(prompt, 1), 2);
    step(new Random(1));
    assertThat(third.left).isEqualTo(1);
    assertThat(heldIn(0)).isEqualTo(3); // two that both hold, and one of its own
    end(second, new Random(1));
    runToEnd(new Random(1));
  }

  @Test
  void whoeverComputesABlockThatOthersWaitForMayBeCancelled() {
    int[] prompt = IntStream.range(0, 24).toArray();
    Job first = sampling(with(prompt, 1), 1);
    Job second = sampling(with(prompt, 2), 1);
    step(new Random(1)); // 6 of the first's tokens
    assertThat(second.sequence.isWaiting()).isTrue();

    end(first, new Random(1));
    runToEnd(new Random(1));

    assertThat(second.left).isZero();
    assertThat(scheduler.cachedTokens()).isEqualTo(4);
    assertThat(blocks.freeBlocks()).isEqualTo(POOL);
  }

  @Test
  void whatIsNeededIsTakenFromWhatWasLetGoLongestAgo() {
    sampling(IntStream.range(0, 20).toArray(), 1); // 5 blocks known
    runToEnd(new Random(1));
    sampling(IntStream.range(100, 120).toArray(), 1); // 5 others
    runToEnd(new Random(1));
    sampling(IntStream.range(200, 224).toArray(), 1); // 6: of the first only one is left
    runToEnd(new Random(1));
    computed = 0;

    sampling(with(IntStream.range(0, 20).toArray(), 1), 1); // takes the 5 of the second
    runToEnd(new Random(1));
    assertThat(computed).isEqualTo(17);
    computed = 0;
    sampling(with(IntStream.range(200, 224).toArray(), 1), 1);
    runToEnd(new Random(1));
    assertThat(computed).isEqualTo(1);
  }

  @Test
  void keepsEveryPromiseThroughRandomHistories() {
    for (int seed = 0; seed < 80; seed++) {
      Random random = new Random(seed);
      for (int i = 0; i < 300; i++) {
        if (i < 200 && random.nextInt(3) == 0) {
          submit(random);
        }
        if (random.nextInt(20) == 0 && !jobs.isEmpty()) {
          end(rootOf(jobs.get(random.nextInt(jobs.size()))), random);
        }
        step(random);
      }
      runToEnd(random);
    }
    assertThat(scheduler.preemptions()).isGreaterThan(100);
    assertThat(scheduler.cachedTokens()).isGreaterThan(10_000);
  }

  private void submit(Random random) {
    int[] tokens = new int[1 + random.nextInt(24)];
    int different = random.nextInt(tokens.length + 1); // all prompts are alike up to here
    for (int i = different; i < tokens.length; i++) {
      tokens[i] = random.nextInt(3);
    }
    if (random.nextBoolean()) {
      sampling(tokens, 1 + random.nextInt(POOL * BLOCK_SIZE - tokens.length));
    } else {
      Job job = probing(tokens, List.of(new Probe(tokens.length - 1, new int[1])));
      job.forksToMake = random.nextInt(6);
    }
  }

  private Job sampling(int[] tokens, int samples) {
    return added(new Job(Sequence.sampling(tokens), null, samples));
  }

  private Job probing(int[] tokens, List<Probe> probes) {
    return added(new Job(Sequence.probing(tokens, probes), null, probes.size()));
  }

  private Job added(Job job) {
    scheduler.add(job.sequence);
    jobs.add(job);
    return job;
  }

  private static int[] with(int[] prefix, int... more) {
    return IntStream.concat(Arrays.stream(prefix), Arrays.stream(more)).toArray();
  }

  private void runToEnd(Random random) {
    for (int i = 0; !jobs.isEmpty(); i++) {
      assertThat(i).as("steps to the end").isLessThan(20_000);
      step(random);
    }
    assertThat(blocks.freeBlocks()).isEqualTo(POOL);
    assertThat(scheduler.running() + scheduler.waiting()).isZero();
  }

  private void step(Random random) {
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
        jobs.stream()
            .filter(job -> job.sequence == sequence)
            .findFirst()
            .ifPresent(job -> answer(job, random));
      }
    }
  }

  private void copy(BlockCopy copy) {
    long[] pool = pools[copy.group()];
    System.arraycopy(
        pool, copy.source() * BLOCK_SIZE, pool, copy.target() * BLOCK_SIZE, BLOCK_SIZE);
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
    assertThat(heldIn(1)).isEqualTo(held);
    assertThat(held + blocks.freeBlocks()).isEqualTo(POOL);
  }

  private long heldIn(int group) {
    return jobs.stream().flatMapToInt(job -> blocksOf(job.sequence, group)).distinct().count();
  }

  private static IntStream blocksOf(Sequence sequence, int group) {
    BlockTable table = sequence.table(group);
    return IntStream.range(0, table.size()).map(table::block);
  }

  private static int slot(Sequence sequence, int group, int position) {
    return sequence.table(group).block(position / BLOCK_SIZE) * BLOCK_SIZE + position % BLOCK_SIZE;
  }

  private static long mark(Sequence sequence, int position) {
    long mark = 17;
    for (int i = 0; i <= position; i++) {
      mark = mark * 1_000_003 + sequence.token(i) + 1;
    }
    return mark;
  }

  private void answer(Job job, Random random) {
    job.left--;
    if (job.parent == null && job.forksToMake == 0 && job.left > 0) {
      if (job.sequence.probesAnswered()) {
        job.sequence.append(random.nextInt(3));
      } else {
        job.sequence.answerProbe();
      }
      return;
    }
    if (!job.sequence.probesAnswered()) {
      job.sequence.answerProbe();
    }
    if (job.forksToMake > 0) {
      fork(job, random);
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

  private void fork(Job job, Random random) {
    int prefix = job.sequence.length();
    for (; job.forksToMake > 0; job.forksToMake--) {
      int count = 1 + random.nextInt(5);
      List<Probe> probes =
          IntStream.range(0, count).mapToObj(i -> new Probe(prefix + i, new int[1])).toList();
      Job fork = new Job(Sequence.fork(job.sequence, new int[count], probes), job, count);
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

  private Job rootOf(Job job) {
    return job.parent == null ? job : job.parent;
  }

  // A cancelled request lets its sequences go in any order.
  private void end(Job root, Random random) {
    List<Job> family = new ArrayList<>(root.forks);
    family.add(random.nextInt(family.size() + 1), root);
    root.forks.clear();
    for (Job job : family) {
      scheduler.finish(job.sequence);
      jobs.remove(job);
    }
  }
}
