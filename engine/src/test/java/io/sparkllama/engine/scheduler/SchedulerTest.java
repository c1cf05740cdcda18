package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Holds the schedule's promises through random histories of requests, forks, ends and cancels. */
class SchedulerTest {
  private static final int BLOCK_SIZE = 4;
  private static final int POOL = 12;
  private static final int GROUPS = 2;

  private final SchedulerLimits limits = new SchedulerLimits(5, 16, 6, 6, 12, 9);
  private final BlockManager blocks =
      new BlockManager(new int[] {POOL, POOL + 3}, BLOCK_SIZE, false);
  private final Scheduler scheduler = new Scheduler(limits, blocks);

  /** What a sequence still has to do. */
  private static final class Job {
    final Sequence sequence;
    final Sequence parent;
    final List<Sequence> forks = new ArrayList<>();
    int samplesLeft;
    int forksToMake;

    Job(Sequence sequence, Sequence parent) {
      this.sequence = sequence;
      this.parent = parent;
    }
  }

  private final Map<Sequence, Job> jobs = new HashMap<>();

  @Test
  void keepsEveryPromiseThroughRandomHistories() {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      for (int i = 0; i < 400; i++) {
        if (i < 250 && random.nextInt(3) == 0) {
          submit(random);
        }
        if (random.nextInt(25) == 0 && !jobs.isEmpty()) {
          cancel(jobs.keySet().stream().filter(s -> jobs.get(s).parent == null).findAny());
        }
        runStep(random);
      }
      for (int i = 0; !jobs.isEmpty(); i++) {
        assertThat(i).as("steps to the end, seed %d", seed).isLessThan(20_000);
        runStep(random);
      }
      assertThat(blocks.freeBlocks()).isEqualTo(POOL);
      assertThat(scheduler.running() + scheduler.waiting()).isZero();
      assertThat(scheduler.schedule().isEmpty()).isTrue();
    }
    assertThat(scheduler.preemptions()).isGreaterThan(100);
  }

  private void submit(Random random) {
    int length = 1 + random.nextInt(20);
    Job job;
    if (random.nextBoolean()) {
      job = new Job(Sequence.sampling(new int[length]), null);
      job.samplesLeft = 1 + random.nextInt(POOL * BLOCK_SIZE - length);
      job.sequence.adjust(random.nextBoolean() ? 0 : random.nextInt(limits.adjustments() + 1));
    } else {
      Probe last = new Probe(length - 1, new int[1 + random.nextInt(12)]);
      job = new Job(Sequence.probing(new int[length], List.of(last)), null);
      job.forksToMake = random.nextInt(9);
    }
    assertThat(scheduler.fits(length)).isTrue();
    scheduler.add(job.sequence);
    jobs.put(job.sequence, job);
  }

  private void cancel(java.util.Optional<Sequence> chosen) {
    chosen.ifPresent(
        sequence -> {
          for (Sequence fork : jobs.get(sequence).forks) {
            end(fork);
          }
          end(sequence);
        });
  }

  private void end(Sequence sequence) {
    if (jobs.remove(sequence) != null) {
      scheduler.finish(sequence);
    }
  }

  private void runStep(Random random) {
    Set<Sequence> waitedBefore = new HashSet<>(jobs.keySet());
    waitedBefore.removeIf(sequence -> !sequence.isWaiting());
    ScheduledBatch batch = scheduler.schedule();
    assertThat(batch.isEmpty()).isEqualTo(jobs.isEmpty());
    checkLimits(batch);
    checkBlocks();
    checkOldest(batch, waitedBefore);
    List<Integer> rows = batch.entries().stream().map(ScheduledBatch.Entry::rows).toList();
    scheduler.update(batch);
    for (int i = 0; i < rows.size(); i++) {
      for (int row = 0; row < rows.get(i); row++) {
        answer(jobs.get(batch.entries().get(i).sequence()), random);
      }
    }
  }

  private void checkLimits(ScheduledBatch batch) {
    int tokens = 0;
    int rows = 0;
    int candidates = 0;
    int adjustments = 0;
    Set<Sequence> seen = new HashSet<>();
    for (ScheduledBatch.Entry entry : batch.entries()) {
      assertThat(seen.add(entry.sequence())).isTrue();
      assertThat(entry.count()).isBetween(1, limits.chunk());
      assertThat(entry.sequence().numComputedTokens() + entry.count())
          .isLessThanOrEqualTo(entry.sequence().length())
          .isLessThanOrEqualTo(entry.sequence().table(0).size() * BLOCK_SIZE);
      tokens += entry.count();
      rows += entry.rows();
      candidates += entry.candidates();
      assertThat(entry.adjustments()).isEqualTo(entry.sequence().adjustments(entry.count()));
      adjustments += entry.adjustments();
    }
    assertThat(tokens).isEqualTo(batch.tokens()).isLessThanOrEqualTo(limits.tokens());
    assertThat(seen.size()).isLessThanOrEqualTo(limits.sequences());
    assertThat(rows).isLessThanOrEqualTo(limits.rows());
    assertThat(candidates).isLessThanOrEqualTo(limits.candidates());
    assertThat(adjustments).isLessThanOrEqualTo(limits.adjustments());
  }

  /** Counts holders of every block: free ones have none, others are shared by a family's prefix. */
  private void checkBlocks() {
    for (int group = 0; group < GROUPS; group++) {
      Map<Integer, List<Sequence>> holders = new HashMap<>();
      for (Sequence sequence : jobs.keySet()) {
        BlockTable table = sequence.table(group);
        for (int i = 0; i < table.size(); i++) {
          holders.computeIfAbsent(table.block(i), block -> new ArrayList<>()).add(sequence);
          if (holders.get(table.block(i)).size() > 1) {
            checkShared(holders.get(table.block(i)), i);
          }
        }
      }
      if (group == 0) {
        assertThat(holders.size() + blocks.freeBlocks()).isEqualTo(POOL);
      }
    }
  }

  private void checkShared(List<Sequence> holders, int index) {
    Set<Sequence> families = new HashSet<>();
    for (Sequence holder : holders) {
      Sequence parent = jobs.get(holder).parent;
      families.add(parent == null ? holder : parent);
      if (parent != null) {
        assertThat((index + 1) * BLOCK_SIZE).isLessThanOrEqualTo(holder.prefix());
      }
    }
    assertThat(families).hasSize(1);
  }

  /**
   * Nothing starves: the oldest that holds blocks and lacks tokens is in every step, and none comes
   * in before an older one that could.
   */
  private void checkOldest(ScheduledBatch batch, Set<Sequence> waitedBefore) {
    List<Sequence> scheduled =
        batch.entries().stream().map(ScheduledBatch.Entry::sequence).toList();
    jobs.keySet().stream()
        .filter(sequence -> sequence.isRunning() && sequence.remaining() > 0)
        .min(Sequence::compareTo)
        .ifPresent(oldest -> assertThat(scheduled).contains(oldest));
    jobs.keySet().stream()
        .filter(sequence -> sequence.isWaiting() && sequence.parentIsReady())
        .min(Sequence::compareTo)
        .ifPresent(
            oldest ->
                assertThat(scheduled.stream().filter(waitedBefore::contains))
                    .allMatch(admitted -> admitted.compareTo(oldest) < 0));
  }

  private void answer(Job job, Random random) {
    if (job.samplesLeft > 0) {
      job.samplesLeft--;
      if (job.samplesLeft == 0) {
        end(job.sequence);
      } else {
        job.sequence.append(random.nextInt(9));
        job.sequence.adjust(random.nextBoolean() ? 0 : random.nextInt(limits.adjustments() + 1));
      }
      return;
    }
    job.sequence.answerProbe();
    if (job.parent == null) {
      fork(job, random);
    } else if (job.sequence.probesAnswered()) {
      Job parent = jobs.get(job.parent);
      parent.forks.remove(job.sequence);
      end(job.sequence);
      if (parent.forks.isEmpty()) {
        end(parent.sequence);
      }
    }
  }

  private void fork(Job job, Random random) {
    int prefix = job.sequence.length();
    for (int i = 0; i < job.forksToMake; i++) {
      int count = 1 + random.nextInt(9);
      List<Probe> probes = new ArrayList<>();
      for (int token = 0; token < count; token++) {
        probes.add(new Probe(prefix + token, new int[] {1}));
      }
      Sequence fork = Sequence.fork(job.sequence, new int[count], probes);
      assertThat(scheduler.fitsForked(prefix, prefix + count)).isTrue();
      job.forks.add(fork);
      jobs.put(fork, new Job(fork, job.sequence));
      scheduler.add(fork);
    }
    if (job.forks.isEmpty()) {
      end(job.sequence);
    }
  }

  @Test
  void decodesBeforeItPrefills() {
    Sequence old = Sequence.sampling(new int[40]);
    Sequence young = Sequence.sampling(new int[3]);
    scheduler.add(old);
    scheduler.add(young);
    ScheduledBatch first = scheduler.schedule();
    assertThat(first.entries()).extracting(ScheduledBatch.Entry::count).containsExactly(6, 3);
    assertThat(first.entries()).extracting(ScheduledBatch.Entry::rows).containsExactly(0, 1);
    scheduler.update(first);
    young.append(1);
    ScheduledBatch second = scheduler.schedule();
    assertThat(second.entries())
        .extracting(ScheduledBatch.Entry::sequence)
        .containsExactly(young, old);
  }

  @Test
  void whatFindsNoRoomForItsAdjustmentsWaitsWithItsLastToken() {
    Sequence old = Sequence.sampling(new int[4]);
    Sequence young = Sequence.sampling(new int[3]);
    Sequence youngest = Sequence.sampling(new int[1]);
    old.adjust(5);
    young.adjust(5);
    youngest.adjust(4);
    scheduler.add(old);
    scheduler.add(young);
    scheduler.add(youngest);
    ScheduledBatch first = scheduler.schedule();
    assertThat(first.entries()).extracting(ScheduledBatch.Entry::count).containsExactly(4, 2, 1);
    assertThat(first.entries()).extracting(ScheduledBatch.Entry::rows).containsExactly(1, 0, 1);
    scheduler.update(first);
    old.append(1);
    old.adjust(9);
    youngest.append(1);
    ScheduledBatch second = scheduler.schedule();
    assertThat(second.entries()).extracting(ScheduledBatch.Entry::sequence).containsExactly(old);
    scheduler.update(second);
    scheduler.finish(old);
    assertThat(scheduler.schedule().entries())
        .extracting(ScheduledBatch.Entry::sequence)
        .containsExactly(young, youngest);
  }

  @Test
  void givesUpTheYoungestAndReplaysItWithItsTokens() {
    Sequence old = Sequence.sampling(new int[20]);
    Sequence young = Sequence.sampling(new int[20]);
    scheduler.add(old);
    scheduler.add(young);
    int youngSamples = 0;
    int replayedRows = 0;
    for (int i = 0; i < 40 && old.length() < 45; i++) {
      ScheduledBatch batch = scheduler.schedule();
      scheduler.update(batch);
      for (ScheduledBatch.Entry entry : batch.entries()) {
        if (entry.rows() == 1) {
          entry.sequence().append(7);
          youngSamples += entry.sequence() == young ? 1 : 0;
        } else if (entry.sequence() == young && young.length() > 20) {
          replayedRows += entry.rows();
        }
      }
    }
    assertThat(scheduler.preemptions()).isEqualTo(1);
    assertThat(young.length()).isEqualTo(20 + youngSamples).isGreaterThan(20);
    assertThat(young.numComputedTokens()).isZero();
    assertThat(replayedRows).isZero();
    scheduler.finish(old);
    scheduler.update(scheduler.schedule());
    assertThat(young.numComputedTokens()).isEqualTo(6);
    scheduler.finish(young);
    assertThat(blocks.freeBlocks()).isEqualTo(POOL);
  }

  @Test
  void refusesWhatCanNeverRun() {
    assertThat(scheduler.fits(POOL * BLOCK_SIZE)).isTrue();
    assertThat(scheduler.fits(POOL * BLOCK_SIZE + 1)).isFalse();
    scheduler.boundRows(POOL - 1); // as where others have smaller pools
    assertThat(scheduler.fits((POOL - 1) * BLOCK_SIZE)).isTrue();
    assertThat(scheduler.fits((POOL - 1) * BLOCK_SIZE + 1)).isFalse();
    assertThat(scheduler.fitsForked(BLOCK_SIZE, (POOL - 1) * BLOCK_SIZE)).isTrue();
    assertThat(scheduler.fitsForked(BLOCK_SIZE, (POOL - 1) * BLOCK_SIZE + 1)).isFalse();
    scheduler.boundRows(POOL + 1);
    assertThat(scheduler.fits(POOL * BLOCK_SIZE + 1)).isFalse();
    assertThat(scheduler.fitsForked(44, 46)).isTrue(); // 11 blocks, and one of the fork's own
    assertThat(scheduler.fitsForked(45, 46)).isFalse(); // 12 blocks, and a copy
    Probe wide = new Probe(0, new int[13]);
    assertThatThrownBy(() -> scheduler.add(Sequence.probing(new int[1], List.of(wide))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Sequence.sampling(new int[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Sequence.probing(new int[2], List.of(new Probe(2, new int[] {1}))))
        .isInstanceOf(IllegalArgumentException.class);
    Sequence adjusted = Sequence.sampling(new int[1]);
    adjusted.adjust(limits.adjustments() + 1);
    assertThatThrownBy(() -> scheduler.add(adjusted)).isInstanceOf(IllegalArgumentException.class);
    Sequence twice = Sequence.sampling(new int[1]);
    scheduler.add(twice);
    assertThatThrownBy(() -> scheduler.add(twice)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SchedulerLimits(1, 0, 1, 1, 1, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void goesOnWhereAllOfAStepIsTakenBackForOneThatDoesNotFit() {
    ScheduleSimulation simulation =
        new ScheduleSimulation(new int[] {8}, 1, new SchedulerLimits(3, 6, 5, 1, 1, 1), true);
    simulation.sampling(new int[] {1, 1}, 1); // leaves two blocks known
    int[] whole = {1, 1, 1, 1, 1, 1, 1, 1};
    simulation.probing(whole, List.of(new Probe(7, new int[1])), 0); // wants all of the pool
    simulation.sampling(new int[] {1, 1, 1, 1, 2, 2, 2}, 1); // waits for blocks of the second
    simulation.sampling(new int[] {1}, 2); // then has the last block, and the only row of logits

    simulation.runToEnd();

    assertThat(simulation.scheduler.preemptions()).isPositive();
  }
}
