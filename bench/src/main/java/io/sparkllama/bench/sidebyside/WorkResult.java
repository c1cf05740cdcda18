package io.sparkllama.bench.sidebyside;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what a work took each contestant, round by round. */
final class WorkResult {
  private final Work work;
  private final List<Map<String, Turn>> rounds = new ArrayList<>();
  private final Map<String, String> failures = new LinkedHashMap<>();
  private final List<Double> busyWithOthers = new ArrayList<>();

  WorkResult(Work work) {
    this.work = work;
  }

  Work work() {
    return work;
  }

  /** Adds a round: the turns of the contestants that did the work, by name. */
  void addRound(Map<String, Turn> round) {
    rounds.add(Map.copyOf(round));
  }

  /** Adds how many processors all but a contestant kept busy while it did the work. */
  void addBusyWithOthers(double processors) {
    busyWithOthers.add(processors);
  }

  /** Sums up the processors that were busy with others; empty where nobody did the work. */
  Optional<Distribution> busyWithOthers() {
    return distribution(busyWithOthers);
  }

  /** Notes why a contestant has no further rounds. */
  void fail(String contestant, String reason) {
    failures.put(contestant, reason);
  }

  Map<String, String> failures() {
    return failures;
  }

  int rounds() {
    return rounds.size();
  }

  /** Returns a contestant's turns in the order of rounds. */
  List<Turn> turns(String contestant) {
    return rounds.stream()
        .filter(round -> round.containsKey(contestant))
        .map(round -> round.get(contestant))
        .toList();
  }

  /** Sums up a contestant's tokens per second; empty where it did not do the work. */
  Optional<Distribution> tokensPerSecond(String contestant) {
    return distribution(turns(contestant).stream().map(Turn::tokensPerSecond).toList());
  }

  /**
   * Sums up the shares of the memory's bandwidth that a contestant used, each of what memory gave
   * in the same moment: on a virtual machine that may double within a minute. Empty where it was
   * not measured.
   *
   * @param bytesPerToken that are read from memory at least
   */
  Optional<Distribution> bandwidthShare(String contestant, long bytesPerToken) {
    return distribution(
        turns(contestant).stream()
            .filter(turn -> turn.bytesPerSecond().isPresent())
            .map(
                turn ->
                    bytesPerToken * turn.tokensPerSecond() / turn.bytesPerSecond().getAsDouble())
            .toList());
  }

  /**
   * Sums up the ratios of two contestants' tokens per second, each taken within one round: they met
   * the same weather there.
   */
  Optional<Distribution> ratio(String contestant, String other) {
    return distribution(
        rounds.stream()
            .filter(round -> round.containsKey(contestant) && round.containsKey(other))
            .map(
                round ->
                    round.get(contestant).tokensPerSecond() / round.get(other).tokensPerSecond())
            .toList());
  }

  private static Optional<Distribution> distribution(List<Double> values) {
    return values.isEmpty() ? Optional.empty() : Optional.of(Distribution.of(values));
  }
}
