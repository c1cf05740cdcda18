package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.cli.MachinePeaks;
import io.sparkllama.engine.cli.WeightWork;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void relatesEachRoundAndTheMachinesPeaks() throws IOException {
    WorkResult prefill = new WorkResult(new Work.Prefill(500));
    prefill.addRound(Map.of("ours", measured(1, 500), "peer", measured(2, 500)));
    prefill.addRound(Map.of("ours", measured(1, 500), "peer", measured(4, 500)));
    WorkResult decode = new WorkResult(new Work.Decode(1, 256, 10));
    decode.addRound(Map.of("ours", measured(1, 10)));
    decode.fail("peer", "no memory");
    RunRecord run = run(List.of(prefill, decode));

    String page = new MarkdownReport(run).text();
    assertThat(page)
        .contains("| prefill of 500 | 2 | 500 | 188 | – | **3.00** (2.00 to 4.00) |")
        .contains("no memory")
        .contains("left out: no library")
        .contains("model.gguf", "0123456789ab", "a processor");

    // 500 tokens/s * (900 + 100 / 500 of the output) of 1,000,000 multiply-adds/s.
    JsonNode line = JSON.readTree(new JsonReport(run).lines().get(1));
    assertThat(line.at("/ours/share_of_int8_peak").doubleValue()).isEqualTo(0.4501);
    assertThat(line.at("/ours ~1 peer/median").doubleValue()).isEqualTo(3.0);
    JsonNode one = JSON.readTree(new JsonReport(run).lines().get(2));
    // 10 steps/s of 2,000 bytes over 40,000.
    assertThat(one.at("/ours/share_of_bandwidth").doubleValue()).isEqualTo(0.5);
    assertThat(one.at("/failures/peer").textValue()).isEqualTo("no memory");
  }

  private static RunRecord run(List<WorkResult> works) {
    return new RunRecord(
        new RunRecord.Provenance(
            new Machine("a processor", 2, 1 << 30, "17"), 0.1, 2, "today", "0123456789ab", "cmd"),
        "model.gguf",
        1 << 20,
        new WeightWork(900, 100, 2000),
        new MachinePeaks("avx512", 2, 1e6, 30_000),
        new MachinePeaks("avx512", 2, 5e5, 40_000),
        List.of(
            participant("ours", new Reply.Ready("ours", "1", List.of("prefill"))),
            participant("peer", new Reply.Ready("peer", "2", List.of("prefill"))),
            participant("other", new Reply.Refused("no library"))),
        works,
        List.of());
  }

  private static Participant participant(String name, Reply introduction) {
    return new Participant(name, Optional.empty(), introduction, 1);
  }

  private static Reply.Measured measured(double seconds, long tokens) {
    return new Reply.Measured(seconds, tokens);
  }
}
