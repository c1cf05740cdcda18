package io.sparkllama.bench.sidebyside;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;

/** Lets contestants do works by turns. */
final class Contest {
  private final List<Participant> contestants;
  private final DoubleSupplier bandwidth;
  private final Consumer<String> progress;

  /**
   * Takes the contestants.
   *
   * @param bandwidth measures how many bytes per second memory gives
   */
  Contest(List<Participant> contestants, DoubleSupplier bandwidth, Consumer<String> progress) {
    this.contestants = List.copyOf(contestants);
    this.bandwidth = bandwidth;
    this.progress = progress;
  }

  /**
   * Measures a work: once each that does not count, then in rounds. Who fails has no further rounds
   * of this work.
   */
  WorkResult measured(PlannedWork planned) {
    Work work = planned.work();
    WorkResult result = new WorkResult(work);
    Set<Participant> able = new LinkedHashSet<>();
    contestants.stream().filter(contestant -> contestant.takes(work)).forEach(able::add);
    round(result, able, new ArrayList<>(able), "warm-up");
    for (int round = 0; round < planned.rounds() && !able.isEmpty(); round++) {
      List<Participant> order = new ArrayList<>(able);
      Collections.rotate(order, -round);
      result.addRound(round(result, able, order, "round " + (round + 1)));
    }
    return result;
  }

  private Map<String, Turn> round(
      WorkResult result, Set<Participant> able, List<Participant> order, String name) {
    Map<String, Turn> round = new LinkedHashMap<>();
    for (Participant contestant : order) {
      ContestantProcess process = contestant.process().orElseThrow();
      OptionalDouble before = bandwidth(result.work());
      Optional<ProcessorTime> begin = processorTime(process);
      Reply reply = process.measured(result.work());
      Optional<ProcessorTime> end = processorTime(process);
      OptionalDouble after = bandwidth(result.work());
      if (begin.isPresent() && end.isPresent()) {
        result.addBusyWithOthers(end.get().othersSince(begin.get()));
      }
      if (reply instanceof Reply.Measured measured) {
        round.put(contestant.name(), new Turn(measured, higher(before, after)));
      } else {
        String reason = reply instanceof Reply.Refused refused ? refused.error() : "another reply";
        result.fail(contestant.name(), reason);
        able.remove(contestant);
      }
      progress.accept(
          "%s, %s, %s: %s".formatted(result.work().label(), name, contestant.name(), told(reply)));
    }
    return round;
  }

  private OptionalDouble bandwidth(Work work) {
    return work.isBoundByMemory()
        ? OptionalDouble.of(bandwidth.getAsDouble())
        : OptionalDouble.empty();
  }

  private static OptionalDouble higher(OptionalDouble first, OptionalDouble second) {
    return DoubleStream.concat(first.stream(), second.stream()).max();
  }

  private static Optional<ProcessorTime> processorTime(ContestantProcess process) {
    try {
      return Optional.of(ProcessorTime.now(process.pid()));
    } catch (IOException e) {
      return Optional.empty(); // the process has ended
    }
  }

  private static String told(Reply reply) {
    return reply instanceof Reply.Measured measured
        ? "%.1f tokens/s".formatted(measured.tokensPerSecond())
        : reply.toJson().toString();
  }
}
