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
            + " median stands with the least and the most of all rounds.");
    parts.add(rates());
    parts.add(shares());
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

  private String shares() {
    List<String> head = new ArrayList<>(List.of("share of the peak"));
    run.contestants().forEach(contestant -> head.add(contestant.name() + ", int8"));
    run.contestants().forEach(contestant -> head.add(contestant.name() + ", bandwidth"));
    List<List<String>> rows =
        run.works().stream()
            .filter(result -> run.shares().ofInt8Peak(result.work(), 1).isPresent())
            .map(this::shareRow)
            .toList();
    return table(head, rows);
  }

  private List<String> shareRow(WorkResult result) {
    Stream<String> int8 =
        run.contestants().stream()
            .map(
                contestant ->
                    share(
                        result
                            .tokensPerSecond(contestant.name())
                            .map(rate -> run.shares().ofInt8Peak(result.work(), rate.median()))));
    Stream<String> bandwidth =
        run.contestants().stream()
            .map(
                contestant ->
                    share(
                        result
                            .tokensPerSecond(contestant.name())
                            .map(rate -> run.shares().ofBandwidth(result.work(), rate.median()))));
    return Stream.of(Stream.of(result.work().label()), int8, bandwidth)
        .flatMap(cells -> cells)
        .toList();
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
                                + (result.measured(failure.getKey()).isEmpty() ? "" : "further ")
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
            "Peaks by %s: %s before and %s after; the higher of each counts",
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
