package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.cli.MachinePeaks;
import java.util.ArrayList;
import java.util.List;

/** Writes a run as JSON, one object a line: the run, each work, each memory. */
final class JsonReport {
  private final RunRecord run;

  JsonReport(RunRecord run) {
    this.run = run;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(run().toString());
    run.works().forEach(result -> lines.add(work(result).toString()));
    run.memory().forEach(result -> lines.add(memory(result).toString()));
    return lines;
  }

  private ObjectNode run() {
    RunRecord.Provenance provenance = run.provenance();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("model", run.model()).put("model_bytes", run.modelBytes());
    json.put("date", provenance.date()).put("commit", provenance.commit());
    json.put("processor", provenance.machine().processor());
    json.put("cores", provenance.machine().cores());
    json.put("memory_bytes", provenance.machine().memoryBytes());
    json.put("load", provenance.load()).put("threads", provenance.threads());
    json.put("instruction_set", run.peaks().instructionSet());
    peaks(json.putObject("peaks_before"), run.peaksBefore());
    peaks(json.putObject("peaks_after"), run.peaksAfter());
    ObjectNode contestants = json.putObject("contestants");
    run.contestants()
        .forEach(contestant -> contestants.put(contestant.name(), contestant.version()));
    return json;
  }

  private static void peaks(ObjectNode json, MachinePeaks peaks) {
    json.put("int8_multiply_adds_per_second", Math.rint(peaks.int8MultiplyAdds()));
    json.put("bytes_per_second", Math.rint(peaks.bytesRead()));
  }

  private ObjectNode work(WorkResult result) {
    ObjectNode json = result.work().toJson();
    for (Participant contestant : run.contestants()) {
      if (!result.turns(contestant.name()).isEmpty()) {
        contestant(json.putObject(contestant.name()), result, contestant);
      }
    }
    for (Participant other : run.others()) {
      result
          .ratio(run.ours().name(), other.name())
          .ifPresent(
              ratio ->
                  distribution(json.putObject(run.ours().name() + " / " + other.name()), ratio));
    }
    result
        .busyWithOthers()
        .ifPresent(busy -> distribution(json.putObject("processors_busy_with_others"), busy));
    result.failures().forEach(json.putObject("failures")::put);
    return json;
  }

  private void contestant(ObjectNode json, WorkResult result, Participant contestant) {
    List<Turn> turns = result.turns(contestant.name());
    Distribution rate = result.tokensPerSecond(contestant.name()).orElseThrow();
    distribution(json.putObject("tokens_per_second"), rate);
    run.shares()
        .ofInt8Peak(result.work(), rate.median())
        .ifPresent(share -> json.put("share_of_int8_peak", rounded(share)));
    result
        .bandwidthShare(contestant.name(), Math.round(run.weights().bytesPerStep(1)))
        .ifPresent(shares -> distribution(json.putObject("share_of_bandwidth"), shares));
    for (Turn turn : turns) {
      json.withArray("/seconds").add(rounded(turn.measured().seconds()));
      json.withArray("/tokens").add(turn.measured().tokens());
      turn.bytesPerSecond()
          .ifPresent(rated -> json.withArray("/memory_bytes_per_second").add(Math.rint(rated)));
    }
  }

  private static void distribution(ObjectNode json, Distribution values) {
    json.put("median", rounded(values.median()));
    json.put("least", rounded(values.least()));
    json.put("most", rounded(values.most()));
  }

  private static ObjectNode memory(MemoryResult result) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("memory", result.contestant()).put("after", result.label());
    json.setAll(result.resident().toJson());
    return json;
  }

  private static double rounded(double value) {
    return Math.rint(value * 100_000) / 100_000;
  }
}
