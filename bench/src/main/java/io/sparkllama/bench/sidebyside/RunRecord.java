package io.sparkllama.bench.sidebyside;

import io.sparkllama.engine.cli.MachinePeaks;
import io.sparkllama.engine.cli.WeightWork;
import java.util.List;

/**
 * Holds all of a run that a report tells.
 *
 * @param model the file's name
 * @param contestants ours first
 * @param peaksBefore of the machine, before the first contestant was started
 * @param peaksAfter of the machine, after the last had ended
 */
record RunRecord(
    Provenance provenance,
    String model,
    long modelBytes,
    WeightWork weights,
    MachinePeaks peaksBefore,
    MachinePeaks peaksAfter,
    List<Participant> contestants,
    List<WorkResult> works,
    List<MemoryResult> memory) {

  /**
   * Tells where numbers come from.
   *
   * @param load of the machine in the minute before the run, in threads that run or wait to
   */
  record Provenance(
      Machine machine, double load, int threads, String date, String commit, String command) {}

  RunRecord {
    contestants = List.copyOf(contestants);
    works = List.copyOf(works);
    memory = List.copyOf(memory);
  }

  Participant ours() {
    return contestants.get(0);
  }

  List<Participant> others() {
    return contestants.subList(1, contestants.size());
  }

  MachinePeaks peaks() {
    return peaksBefore.higher(peaksAfter);
  }

  PeakShares shares() {
    return new PeakShares(weights, peaks());
  }
}
