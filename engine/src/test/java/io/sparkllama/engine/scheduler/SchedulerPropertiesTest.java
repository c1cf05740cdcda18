package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;

/**
 * Holds scheduler, block manager and prefix cache to their promises through any order of submitted,
 * cancelled and finished requests, for pools and limits of any size: no block is lost or shared by
 * mistake, none is read before it is written, nobody starves. {@link ScheduleSimulation} checks
 * these at each step; a history that breaks one is made smaller until it is easy to read.
 */
class SchedulerPropertiesTest {
  private static final AtomicLong PREEMPTIONS = new AtomicLong();
  private static final AtomicLong CACHED_TOKENS = new AtomicLong();

  /** Is the engine that a history runs on. */
  record Setup(
      int blockSize, int pool, int secondPool, SchedulerLimits limits, boolean prefixCache) {
    ScheduleSimulation simulation() {
      int[] pools = secondPool == 0 ? new int[] {pool} : new int[] {pool, pool + secondPool - 2};
      ScheduleSimulation simulation = new ScheduleSimulation(pools, blockSize, limits, prefixCache);
      simulation.useAdapters(pool % 3);
      return simulation;
    }
  }

  /** Is what happens next. */
  sealed interface Event {
    /**
     * @param alike leading tokens that all prompts have in common
     */
    record Sample(int length, int alike, int samples, int adjustments) implements Event {}

    record ProbeAndFork(int length, int alike, int forks) implements Event {}

    record Family(int length, int alike, int forks, int samples, int adjustments)
        implements Event {}

    record Cancel(int index, int order) implements Event {}

    record Steps(int count) implements Event {}
  }

  @Property(tries = 3_000, edgeCases = EdgeCasesMode.NONE)
  void keepsEveryPromise(@ForAll("setups") Setup setup, @ForAll("histories") List<Event> history) {
    ScheduleSimulation simulation = setup.simulation();
    for (Event event : history) {
      if (event instanceof Event.Sample sample) {
        int[] tokens = prompt(simulation, sample.length(), sample.alike());
        int most = simulation.positions() - tokens.length + 1;
        simulation.sampling(tokens, Math.min(most, sample.samples()), sample.adjustments());
      } else if (event instanceof Event.ProbeAndFork probe) {
        int[] tokens = prompt(simulation, probe.length(), probe.alike());
        List<Probe> probes = List.of(new Probe(tokens.length - 1, new int[1]));
        simulation.probing(tokens, probes, probe.forks());
      } else if (event instanceof Event.Family family) {
        int[] tokens = prompt(simulation, family.length(), family.alike());
        simulation.family(tokens, family.forks(), family.samples(), family.adjustments());
      } else if (event instanceof Event.Cancel cancel && simulation.size() > 0) {
        simulation.cancel(cancel.index() % simulation.size(), new Random(cancel.order()));
      } else if (event instanceof Event.Steps steps) {
        for (int i = 0; i < steps.count(); i++) {
          simulation.step();
        }
      }
    }
    simulation.runToEnd();
    PREEMPTIONS.addAndGet(simulation.scheduler.preemptions());
    CACHED_TOKENS.addAndGet(simulation.scheduler.cachedTokens());
  }

  @AfterContainer
  static void sawWhatItIsAbout() {
    assertThat(PREEMPTIONS.get()).as("preemptions").isGreaterThan(100);
    assertThat(CACHED_TOKENS.get()).as("cached tokens").isGreaterThan(1_000);
  }

  private static int[] prompt(ScheduleSimulation simulation, int length, int alike) {
    int[] tokens = new int[Math.min(length, simulation.positions())];
    Random random = new Random(31L * length + alike);
    for (int i = alike; i < tokens.length; i++) {
      tokens[i] = random.nextInt(3);
    }
    return tokens;
  }

  @Provide
  Arbitrary<Setup> setups() {
    Arbitrary<SchedulerLimits> limits =
        Combinators.combine(
                Arbitraries.integers().between(1, 6),
                Arbitraries.integers().between(1, 20),
                Arbitraries.integers().between(1, 8),
                Arbitraries.integers().between(1, 6),
                Arbitraries.integers().between(1, 12),
                Arbitraries.integers().between(3, 9))
            .as(SchedulerLimits::new);
    return Combinators.combine(
            Arbitraries.integers().between(1, 5),
            Arbitraries.integers().between(3, 14),
            Arbitraries.integers().between(0, 4),
            limits,
            Arbitraries.of(true, false))
        .as(Setup::new);
  }

  @Provide
  Arbitrary<List<Event>> histories() {
    Arbitrary<Integer> length = Arbitraries.integers().between(1, 24);
    Arbitrary<Integer> alike = Arbitraries.integers().between(0, 24);
    Arbitrary<Event> sample =
        Combinators.combine(
                length,
                alike,
                Arbitraries.integers().between(1, 40),
                Arbitraries.integers().between(0, 3))
            .as(Event.Sample::new);
    Arbitrary<Event> probe =
        Combinators.combine(length, alike, Arbitraries.integers().between(0, 5))
            .as(Event.ProbeAndFork::new);
    Arbitrary<Event> family =
        Combinators.combine(
                length,
                alike,
                Arbitraries.integers().between(1, 5),
                Arbitraries.integers().between(1, 12),
                Arbitraries.integers().between(0, 3))
            .as(Event.Family::new);
    Arbitrary<Event> cancel =
        Combinators.combine(
                Arbitraries.integers().between(0, 20), Arbitraries.integers().between(0, 9))
            .as(Event.Cancel::new);
    Arbitrary<Event> steps = Arbitraries.integers().between(1, 8).map(Event.Steps::new);
    return Arbitraries.oneOf(sample, probe, family, cancel, steps).list().ofMaxSize(60);
  }
}
