package io.sparkllama.bench.sidebyside;

import io.sparkllama.engine.cli.MachinePeaks;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writes a run as a page of {@code bench/results}. */
final class MarkdownReport {
  private static final String NOTHING = "–";
  private static final double MIBIBYTE = 1 << 20;

  private final RunRecord run;

  MarkdownReport(RunRecord run) {
    this.run = run;
  }

  String text() {
    List<String> parts = new ArrayList<>();
    parts.add("# Side by side: " + run.model());
    parts.add(
        "Each contestant is a process of its own that loads the same file. In every round each"
            + " does the work once, one after the other, in an order that turns from round to"
            + " round. Tokens per second are medians; a ratio is taken within a round, and its"
            + " median stands with the least and the most of all rounds. *Busy with others* are the"
            + " processors that all other programs took meanwhile, median and most: where they took"
            + " any, threads that wait for each other lose far more than that share, and each"
            + " contestant another.");
    parts.add(rates());
    if (run.works().stream().anyMatch(result -> isOfOnePhase(result.work()))) {
      parts.add(shares());
    }
    if (!run.memory().isEmpty()) {
      parts.add(memory());
    }
    String failures = failures();
    if (!failures.isEmpty()) {
      parts.add(failures);
    }
    parts.add(facts());
    parts.add("```json\n" + String.join("\n", new JsonReport(run).lines()) + "\n```");
    return String.join("\n\n", parts) + "\n";
  }

  private String rates() {
    List<String> head = new ArrayList<>(List.of("tokens/s", "rounds"));
    run.contestants().forEach(contestant -> head.add(contestant.name()));
    run.others().forEach(other -> head.add(run.ours().name() + " / " + other.name()));
    head.add("busy with others");
    return table(head, run.works().stream().map(this::rateRow).toList());
  }

  private List<String> rateRow(WorkResult result) {
    List<String> row = new ArrayList<>(List.of(result.work().label(), "" + result.rounds()));
    for (Participant contestant : run.contestants()) {
      row.add(
          result
              .tokensPerSecond(contestant.name())
              .map(rate -> number(rate.median()))
              .orElse(NOTHING));
    }
    for (Participant other : run.others()) {
      row.add(ratio(result.ratio(run.ours().name(), other.name())));
    }
    row.add(
        result
            .busyWithOthers()
            .map(busy -> String.format(Locale.ROOT, "%.2f (to %.2f)", busy.median(), busy.most()))
            .orElse(NOTHING));
    return row;
  }

  private static String ratio(Optional<Distribution> ratio) {
    return ratio
        .map(
            found ->
                String.format(
                    Locale.ROOT,
                    "**%.2f** (%.2f to %.2f)",
                    found.median(),
                    found.least(),
                    found.most()))
        .orElse(NOTHING);
  }

  private static boolean isOfOnePhase(Work work) {
    return !(work instanceof Work.Generate);
  }

  private String shares() {
    List<WorkResult> results =
        run.works().stream().filter(result -> isOfOnePhase(result.work())).toList();
    List<String> names =
        run.contestants().stream()
            .map(Participant::name)
            .filter(name -> results.stream().anyMatch(result -> !result.turns(name).isEmpty()))
            .toList();
    List<String> head = new ArrayList<>(List.of("share of the peak"));
    names.forEach(name -> head.add(name + ", int8"));
    names.forEach(name -> head.add(name + ", bandwidth"));
    return table(head, results.stream().map(result -> shareRow(result, names)).toList());
  }

  private List<String> shareRow(WorkResult result, List<String> names) {
    PeakShares shares = run.shares();
    List<String> row = new ArrayList<>(List.of(result.work().label()));
    for (String name : names) {
      row.add(
          share(
              result
                  .tokensPerSecond(name)
                  .map(rate -> shares.ofInt8Peak(result.work(), rate.median()))));
    }
    for (String name : names) {
      row.add(
          share(
              result
                  .bandwidthShare(name, Math.round(run.weights().bytesPerStep(1)))
                  .map(used -> OptionalDouble.of(used.median()))));
    }
    return row;
  }

  private static String share(Optional<OptionalDouble> share) {
    OptionalDouble found = share.orElse(OptionalDouble.empty());
    return found.isPresent()
        ? String.format(Locale.ROOT, "%.0f%%", 100 * found.getAsDouble())
        : NOTHING;
  }

  private String memory() {
    return table(
        List.of("resident memory, MiB", "after", "private", "shared", "both"),
        run.memory().stream()
            .map(
                result ->
                    List.of(
                        result.contestant(),
                        result.label(),
                        mebibytes(result.resident().privateBytes()),
                        mebibytes(result.resident().sharedBytes()),
                        mebibytes(result.resident().rssBytes())))
            .toList());
  }

  private String failures() {
    return run.works().stream()
        .flatMap(
            result ->
                result.failures().entrySet().stream()
                    .map(
                        failure ->
                            "- "
                                + failure.getKey()
                                + " has no "
                                + (result.turns(failure.getKey()).isEmpty() ? "" : "further ")
                                + "rounds of "
                                + result.work().label()
                                + ": "
                                + failure.getValue()))
        .collect(Collectors.joining("\n"));
  }

  private String facts() {
    RunRecord.Provenance provenance = run.provenance();
    Machine machine = provenance.machine();
    List<String> facts = new ArrayList<>();
    facts.add("Command: `" + provenance.command() + "`");
    facts.add("Date: " + provenance.date() + ", commit: " + provenance.commit());
    facts.add(
        String.format(
            Locale.ROOT,
            "Machine: %s, %d cores, %.0f GiB, Java %s; load before the run %.1f; %d threads each",
            machine.processor(),
            machine.cores(),
            machine.memoryBytes() / (double) (1 << 30),
            machine.java(),
            provenance.load(),
            provenance.threads()));
    facts.add(
        String.format(
            Locale.ROOT,
            "Peaks by %s: %s before and %s after; the higher int8 peak counts; the bandwidth"
                + " is measured anew around every turn",
            run.peaks().instructionSet(),
            peaks(run.peaksBefore()),
            peaks(run.peaksAfter())));
    facts.add(
        "Model: "
            + run.model()
            + ", "
            + mebibytes(run.modelBytes())
            + " MiB, "
            + run.weights().layerMultiplyAdds()
            + " multiply-adds a token in the layers and "
            + run.weights().outputMultiplyAdds()
            + " in the output");
    for (Participant contestant : run.contestants()) {
      facts.add(
          contestant.name()
              + ": "
              + contestant.version()
              + (contestant.introduction() instanceof Reply.Ready
                  ? String.format(Locale.ROOT, "; %.1f seconds to load", contestant.secondsToLoad())
                  : ""));
    }
    return facts.stream().map(fact -> "- " + fact).collect(Collectors.joining("\n"));
  }

  private static String peaks(MachinePeaks peaks) {
    return String.format(
        Locale.ROOT,
        "%.0f G multiply-adds/s and %.1f GB/s",
        peaks.int8MultiplyAdds() * 1e-9,
        peaks.bytesRead() * 1e-9);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
  }

  private static String mebibytes(long bytes) {
    return number(bytes / MIBIBYTE);
  }

  private static String table(List<String> head, List<List<String>> rows) {
    return Stream.concat(Stream.of(head, head.stream().map(cell -> "---").toList()), rows.stream())
        .map(cells -> "| " + String.join(" | ", cells) + " |")
        .collect(Collectors.joining("\n"));
  }
}
