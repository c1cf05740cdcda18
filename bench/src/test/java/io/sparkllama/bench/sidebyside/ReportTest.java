package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.cli.MachinePeaks;
import io.sparkllama.engine.cli.WeightWork;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ReportTest {
  private ContestantProcess process;

  @BeforeEach
  void startProcess() throws IOException {
    process = ContestantProcess.start(List.of("cat"), Duration.ofSeconds(10));
  }

  @AfterEach
  void endProcess() {
    process.close();
  }

  @Test
  void thePageShowsRatesRatiosAndShares() {
    String page = new MarkdownReport(run()).text();

    assertThat(page)
        .contains(
            "| tokens/s | rounds | ours | llama.cpp | missing | ours / llama.cpp | ours / missing |"
                + " busy with others |",
            "| prefill of 100 | 3 | 100 | 50.0 | – | **2.00** (1.00 to 4.00) | – | 0.30 (to 1.25) |",
            "| decode of 1 at 256 | 1 | 20.0 | – | – | – | – | – |",
            // 100 tokens/s × (900 + 1000 / 100) of 200,000
            "| share of the peak | ours, int8 | llama.cpp, int8 | ours, bandwidth |"
                + " llama.cpp, bandwidth |",
            "| prefill of 100 | 46% | 23% | – | – |",
            // 20 tokens/s × 1900 of 200,000; 20 × 500 of 40,000
            "| decode of 1 at 256 | 19% | – | 25% | – |",
            "| ours | prefill of 100 | 1.0 | 2.0 | 3.0 |",
            "- llama.cpp has no rounds of decode of 1 at 256: no room",
            "- missing: left out: there is no such module",
            "- Command: `side by side`",
            "- Machine: a processor, 2 cores, 8 GiB, Java 17; load before the run 0.5; 2 threads"
                + " each",
            "avx2");
  }

  @Test
  void jsonHasALineForTheRunEachWorkAndEachMemory() throws IOException {
    List<String> lines = new JsonReport(run()).lines();

    assertThat(lines).hasSize(4);
    ObjectMapper mapper = new ObjectMapper();
    JsonNode head = mapper.readTree(lines.get(0));
    assertThat(head.get("commit").textValue()).isEqualTo("abc");
    assertThat(head.at("/contestants/missing").textValue()).startsWith("left out");
    assertThat(head.at("/peaks_before/bytes_per_second").doubleValue()).isEqualTo(40_000);
    JsonNode prefill = mapper.readTree(lines.get(1));
    assertThat(Work.of(prefill)).isEqualTo(new Work.Prefill(100));
    assertThat(prefill.at("/ours/seconds")).hasSize(3);
    assertThat(prefill.at("/ours/share_of_int8_peak").doubleValue()).isEqualTo(0.455);
    assertThat(prefill.at("/ours ~1 llama.cpp/median").doubleValue()).isEqualTo(2);
    assertThat(prefill.at("/processors_busy_with_others/most").doubleValue()).isEqualTo(1.25);
    assertThat(prefill.has("missing")).isFalse();
    JsonNode decode = mapper.readTree(lines.get(2));
    assertThat(decode.at("/ours/share_of_bandwidth/median").doubleValue()).isEqualTo(0.25);
    assertThat(decode.at("/ours/memory_bytes_per_second/0").doubleValue()).isEqualTo(40_000);
    assertThat(decode.at("/failures/llama.cpp").textValue()).isEqualTo("no room");
    assertThat(mapper.readTree(lines.get(3)).get("private_bytes").longValue()).isEqualTo(1 << 20);
  }

  private RunRecord run() {
    WorkResult prefill = new WorkResult(new Work.Prefill(100));
    addRound(prefill, 1, 1);
    addRound(prefill, 1, 2);
    addRound(prefill, 1, 4);
    List.of(0.0, 0.3, 1.25).forEach(prefill::addBusyWithOthers);
    WorkResult decode = new WorkResult(new Work.Decode(1, 256, 10));
    decode.addRound(
        Map.of("ours", new Turn(new Reply.Measured(0.5, 10), OptionalDouble.of(40_000))));
    decode.fail("llama.cpp", "no room");
    Reply ready = new Reply.Ready("name", "1.0", List.of("prefill"));
    return new RunRecord(
        new RunRecord.Provenance(
            new Machine("a processor", 2, 8L << 30, "17"), 0.5, 2, "today", "abc", "side by side"),
        "model.gguf",
        5 << 20,
        new WeightWork(900, 1000, 500, 0, 0, 0),
        new MachinePeaks("avx2", 2, 100_000, 40_000),
        new MachinePeaks("avx2", 2, 200_000, 30_000),
        List.of(
            new Participant("ours", Optional.of(process), ready, 1),
            new Participant("llama.cpp", Optional.of(process), ready, 1),
            new Participant(
                "missing", Optional.empty(), new Reply.Refused("there is no such module"), 0)),
        List.of(prefill, decode),
        List.of(
            new MemoryResult(
                "ours", "prefill of 100", new ResidentMemory(1 << 20, 2 << 20, 3 << 20))));
  }

  private static void addRound(WorkResult result, double oursSeconds, double otherSeconds) {
    result.addRound(
        Map.of(
            "ours", Turn.of(new Reply.Measured(oursSeconds, 100)),
            "llama.cpp", Turn.of(new Reply.Measured(otherSeconds, 100))));
  }
}
