package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PrefixCacheTest {
  private static final int POOL = 12;

  /** The second group runs out of blocks first. */
  private static final int[] POOLS = {POOL + 3, POOL};

  private final ScheduleSimulation simulation =
      new ScheduleSimulation(POOLS, 4, new SchedulerLimits(5, 16, 6, 6, 12, 10), true);

  @Test
  void whatBeginsAlikeIsComputedOnce() {
    int[] prefix = IntStream.range(0, 22).toArray();
    ScheduleSimulation.Job first = simulation.sampling(with(prefix, 100), 1);
    ScheduleSimulation.Job second = simulation.sampling(with(prefix, 101), 1);
    ScheduleSimulation.Job third = simulation.sampling(with(prefix, 102, 103), 1);
    simulation.runToEnd();

    // 5 blocks of the prefix once; its last 2 tokens and what follows for each.
    assertThat(simulation.takeComputed()).isEqualTo(20 + 3 + 3 + 4);
    assertThat(simulation.scheduler.cachedTokens()).isEqualTo(40);
    assertThat(List.of(first, second, third)).allMatch(job -> job.left() == 0);

    simulation.sampling(with(prefix, 100), 1);
    simulation.runToEnd();
    // Of the third's last block, which its answer filled, another 2.
    assertThat(simulation.scheduler.cachedTokens()).isEqualTo(62);
    assertThat(simulation.blocks.freeBlocks()).isEqualTo(POOL);
  }

  @Test
  void aWholePromptThatIsKnownStillHasItsLastTokenComputed() {
    simulation.sampling(new int[8], 1);
    simulation.runToEnd();
    simulation.takeComputed();

    simulation.sampling(new int[8], 1);
    simulation.runToEnd();

    assertThat(simulation.takeComputed()).isEqualTo(1);
  }

  @Test
  void whatBeginsAlikeInsideABlockIsCopied() {
    int[] prefix = IntStream.range(0, 22).toArray();
    simulation.sampling(with(prefix, 100, 101, 102, 103), 1);
    simulation.sampling(with(prefix, 200, 201, 202, 203), 1);
    simulation.sampling(with(prefix, 100, 101, 202, 203), 1); // most of this one is like the first
    simulation.runToEnd();

    assertThat(simulation.takeComputed())
        .isEqualTo(26 + 4 + 2); // the third takes over a whole block more
    simulation.sampling(with(prefix, 100, 201, 202, 203), 1);
    simulation.runToEnd();
    assertThat(simulation.takeComputed()).isEqualTo(3);
  }

  @Test
  void whatBeginsAlikeWithAnotherAdapterIsNotShared() {
    simulation.useAdapters(2);
    int[] prefix = IntStream.range(0, 11).toArray();
    simulation.sampling(with(prefix, 100), 1); // the model as it is
    simulation.sampling(with(prefix, 100), 1);
    simulation.sampling(with(prefix, 100), 1);
    simulation.runToEnd();

    assertThat(simulation.takeComputed()).isEqualTo(36);
    assertThat(simulation.scheduler.cachedTokens()).isZero();

    simulation.sampling(with(prefix, 101), 1);
    simulation.sampling(with(prefix, 102), 1);
    simulation.sampling(with(prefix, 103), 1);
    simulation.runToEnd();
    assertThat(simulation.takeComputed()).isEqualTo(3); // each has its own kind's
  }

  @Test
  void whatIsThrownAwayForACopyIsStillCopied() {
    int[] prefix = IntStream.range(0, 47).toArray();
    simulation.sampling(with(prefix, 100), 1);
    simulation.runToEnd(); // the pool is full of known blocks
    simulation.takeComputed();

    // All twelve are needed, and the only one that can be thrown away begins alike.
    simulation.sampling(with(prefix, 200), 1);
    simulation.runToEnd();

    assertThat(simulation.takeComputed()).isEqualTo(1);
  }

  @Test
  void tokensThatAreAskedAboutAreComputed() {
    simulation.probing(new int[16], List.of(new Probe(15, new int[1])), 0);
    simulation.runToEnd();
    simulation.takeComputed();

    simulation.probing(
        new int[16], List.of(new Probe(5, new int[1]), new Probe(15, new int[1])), 0);
    simulation.runToEnd();

    assertThat(simulation.takeComputed()).isEqualTo(11); // position 5 itself and what follows
  }

  @Test
  void whoComputedTheSameAsAnotherHoldsThatInTheEnd() {
    int[] prompt = IntStream.range(0, 8).toArray();
    // Both have to compute position 0: neither can take the other's blocks beforehand.
    List<Probe> probes = List.of(new Probe(0, new int[1]), new Probe(7, new int[1]));
    ScheduleSimulation.Job first = simulation.probing(prompt, probes, 0);
    ScheduleSimulation.Job second = simulation.probing(prompt, probes, 0);
    second.keepFor(3); // it stays
    while (simulation.has(first) || second.left() > 1) {
      simulation.step();
    }

    // The first's blocks are the known ones, and the second holds them.
    ScheduleSimulation.Job third = simulation.sampling(with(prompt, 1), 2);
    simulation.step();
    assertThat(third.left()).isEqualTo(1);
    assertThat(simulation.heldIn(0)).isEqualTo(3); // two that both hold, and one of its own
    simulation.cancel(second, new Random(1));
    simulation.runToEnd();
  }

  @Test
  void whoeverComputesABlockThatOthersWaitForMayBeCancelled() {
    int[] prompt = IntStream.range(0, 24).toArray();
    ScheduleSimulation.Job first = simulation.sampling(with(prompt, 1), 1);
    ScheduleSimulation.Job second = simulation.sampling(with(prompt, 2), 1);
    simulation.step(); // 6 of the first's tokens
    assertThat(second.sequence.isWaiting()).isTrue();

    simulation.cancel(first, new Random(1));
    simulation.runToEnd();

    assertThat(second.left()).isZero();
    assertThat(simulation.scheduler.cachedTokens()).isEqualTo(4);
    assertThat(simulation.blocks.freeBlocks()).isEqualTo(POOL);
  }

  @Test
  void whatIsNeededIsTakenFromWhatWasLetGoLongestAgo() {
    simulation.sampling(IntStream.range(0, 20).toArray(), 1); // 5 blocks known
    simulation.runToEnd();
    simulation.sampling(IntStream.range(100, 120).toArray(), 1); // 5 others
    simulation.runToEnd();
    simulation.sampling(IntStream.range(200, 224).toArray(), 1); // 6: of the first only one is left
    simulation.runToEnd();
    simulation.takeComputed();

    simulation.sampling(with(IntStream.range(0, 20).toArray(), 1), 1); // takes the 5 of the second
    simulation.runToEnd();
    assertThat(simulation.takeComputed()).isEqualTo(17);
    simulation.takeComputed();
    simulation.sampling(with(IntStream.range(200, 224).toArray(), 1), 1);
    simulation.runToEnd();
    assertThat(simulation.takeComputed()).isEqualTo(1);
  }

  private static int[] with(int[] prefix, int... more) {
    return IntStream.concat(Arrays.stream(prefix), Arrays.stream(more)).toArray();
  }
}
