package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCommandTest {
  @TempDir private static Path folder;

  @BeforeAll
  static void makeModel() {
    CommandRun run = CommandRun.of("synthesize", "--shape", "llama-60m", "--type", "Q4_0", model());
    assertThat(run.exitCode()).as(run.err()).isZero();
  }

  @Test
  void measuresEachBatchOnceAndCountsItsTokens() {
    CommandRun run =
        bench(
            "--batch", "1,3", "--prompt-tokens", "20", "--new-tokens", "4", "--shared-prefix", "8");

    assertThat(run.exitCode()).as(run.err()).isZero();
    List<JsonNode> lines = run.json();
    assertThat(lines).extracting(line -> line.get("batch").intValue()).containsExactly(1, 3);
    for (JsonNode line : lines) {
      int batch = line.get("batch").intValue();
      // A prompt may be a token or two short where words do not come out even.
      assertThat(line.get("prompt_tokens").intValue()).isBetween(18 * batch, 20 * batch);
      // A look between steps may come late: then more of them count.
      assertThat(line.get("new_tokens").intValue() % batch).isZero();
      assertThat(line.get("new_tokens").intValue()).isGreaterThanOrEqualTo(3 * batch);
      assertThat(line.get("prefill_tokens_per_second").doubleValue()).isPositive();
      // Not below 1: the peaks are measured at another moment, when others may have the processors.
      assertThat(line.get("share_of_int8_peak_prefill").doubleValue()).isPositive();
      assertThat(line.get("resident_bytes").longValue()).isGreaterThan(30_000_000L);
      assertThat(line.get("int8_peak_multiply_adds_per_second").doubleValue()).isGreaterThan(1e8);
      assertThat(line.get("bandwidth_peak_bytes_per_second").doubleValue()).isGreaterThan(1e8);
      assertThat(line.get("instruction_set").textValue())
          .isIn("avx512", "avxvnni", "avx2", "neon", "reference");
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    bench("--prompt-tokens", "5000").assertRefused(2, "context", "4096");
    bench("--new-tokens", "1").assertRefused(2, "--new-tokens");
    bench("--batch", "0").assertRefused(2, "--batch");
    bench("--batch", "513").assertRefused(2, "--batch", "--max-batch-tokens", "513");
    bench("--shared-prefix", "999").assertRefused(2, "--shared-prefix");
  }

  private static String model() {
    return folder.resolve("model.gguf").toString();
  }

  private static CommandRun bench(String... options) {
    Stream<String> fixed = Stream.of("bench", "--json", "--model", model());
    return CommandRun.of(Stream.concat(fixed, Stream.of(options)).toArray(String[]::new));
  }
}
