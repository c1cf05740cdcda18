package io.sparkllama.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.limit.Limit;
import io.sparkllama.job.metrics.EngineUse;
import io.sparkllama.job.metrics.GenerationCounts;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

class JobSummaryTest {
  private static final GenerationCounts COUNTS =
      new GenerationCounts(1000, 70, 5000, 4000, 2000, 400, 100, Map.of("null-input", 2L, "x", 1L));

  @Test
  void writesOneLineOfJson() {
    assertThat(new JobSummary(COUNTS, 2.5, "out", Optional.empty()).json())
        .isEqualTo(
            "{\"rows\":1000,\"errors\":3,\"repeated_rows\":70,\"prompt_tokens\":5000,\"cached_tokens\":4000,"
                + "\"completion_tokens\":2000,\"seconds\":2.5,\"output\":\"out\",\"accuracy\":0.25}");
    assertThat(new JobSummary(GenerationCounts.NONE, 0, "out", Optional.empty()).json())
        .startsWith("{\"rows\":0,\"errors\":0")
        .doesNotContain("accuracy");
  }

  @Test
  void writesLinesForPeople() {
    assertThat(new JobSummary(COUNTS, 2.5, "out", Optional.empty()).text())
        .contains(
            "1000 (400.0/s)",
            "2 null-input",
            "repeated rows     70\n",
            "0.2500 (100 of 400)",
            "output            out\n");
    assertThat(new JobSummary(GenerationCounts.NONE, 0, "out", Optional.empty()).text())
        .contains("0 (0.0/s)");
  }

  @Test
  void saysWhatStoppedTheJobAndHowToGoOn() {
    JobSummary stopped = stopped(new EarlyStop(Limit.TOKENS, 77, true));
    assertThat(stopped.json())
        .endsWith(
            ",\"configuration\":\"v1-0123456789ab\",\"batches\":3,"
                + "\"dead_letters\":0,\"dead_letters_open\":0,\"stopped_by\":\"limit.tokens\",\"rows_left\":77}");
    assertThat(stopped.text())
        .endsWith(
            "configuration     v1-0123456789ab, 3 batches\n"
                + "stopped by        limit.tokens, 77 rows left\n"
                + "to go on          the same command, with output.mode=resume\n");
    assertThat(stopped(new EarlyStop(Limit.ROWS, 1, false)).text())
        .endsWith("stopped by        limit.rows, 1 rows left\n");
  }

  @Test
  void saysWhatHasALetterInPlaceOfARow() {
    JobSummary summary = of(new DeadLetterReport(Map.of("set-aside", 2L), 5, "out/letters"));
    assertThat(summary.json())
        .endsWith(
            ",\"dead_letters\":2,\"dead_letters_open\":5,\"dead_letters_list\":\"out/letters\"}");
    assertThat(summary.text())
        .endsWith(
            "dead letters      2, 5 open\n"
                + "                  2 set-aside\n"
                + "                  out/letters\n"
                + "                  the command replay tries them again\n");
    assertThat(of(new DeadLetterReport(Map.of(), 0, "out/letters")).text())
        .doesNotContain("letters");
  }

  private static JobSummary of(DeadLetterReport letters) {
    return new JobSummary(
        COUNTS,
        2.5,
        "out",
        Optional.empty(),
        Optional.empty(),
        Optional.of(new BatchReport("v1-0123456789ab", 3, letters)),
        Optional.empty(),
        Device.PROCESSOR);
  }

  private static JobSummary stopped(EarlyStop stop) {
    return new JobSummary(
        COUNTS,
        2.5,
        "out",
        Optional.empty(),
        Optional.of(stop),
        Optional.of(
            new BatchReport("v1-0123456789ab", 3, new DeadLetterReport(Map.of(), 0, "letters"))),
        Optional.empty(),
        Device.PROCESSOR);
  }

  @Test
  void saysThatItRanOnGpusAndNothingOfProcessors() {
    JobSummary summary =
        new JobSummary(
            COUNTS,
            2.5,
            "out",
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Device.Cuda.numbered(0));
    assertThat(summary.json()).contains(",\"output\":\"out\",\"device\":\"cuda\"");
    assertThat(summary.text()).contains("\ndevice            cuda\n");
    JobSummary usual = new JobSummary(COUNTS, 2.5, "out", Optional.empty());
    assertThat(usual.json() + usual.text()).doesNotContain("device");
  }

  @Test
  void logsRowsTokensAndTimeLeft() {
    assertThat(new LoggedProgress(4000).line(COUNTS, Optional.empty(), Duration.ofSeconds(10)))
        .isEqualTo("1000 of 4000 rows, 3 with an error, 700 tokens/s, 0:00:30 left");
    assertThat(
            new LoggedProgress(0)
                .line(GenerationCounts.NONE, Optional.empty(), Duration.ofSeconds(1)))
        .isEqualTo("0 of 0 rows, 0 with an error, 0 tokens/s");
  }

  @Test
  void showsHowTheEnginesAreUsed() {
    Optional<EngineUse> use = Optional.of(new EngineUse(0.934, 0.405));
    assertThat(new LoggedProgress(4000).line(COUNTS, use, Duration.ofSeconds(10)))
        .isEqualTo(
            "1000 of 4000 rows, 3 with an error, 700 tokens/s, batches 93% full, KV cache 41% in"
                + " use, 0:00:30 left");
    assertThat(TerminalProgress.message(COUNTS, use, Duration.ofSeconds(10)))
        .isEqualTo("700 tokens/s, batch 93%, KV 41%");
    assertThat(TerminalProgress.message(COUNTS, Optional.empty(), Duration.ofSeconds(10)))
        .isEqualTo("700 tokens/s");
  }

  @Test
  void takesTheSentenceOutOfTheChain() {
    Throwable refused =
        new SparkException("Job aborted", new InvalidConfigurationException("engine.threads bad"));
    assertThat(FailureSentence.of(refused))
        .isEqualTo(new FailureSentence(FailureSentence.Kind.REFUSED, "engine.threads bad"));
    assertThat(FailureSentence.of(new EngineFailedException("ended")).kind())
        .isEqualTo(FailureSentence.Kind.FAILED);
    assertThat(FailureSentence.of(new SparkException("[X] first. SQLSTATE: 42\nsecond", null)))
        .isEqualTo(new FailureSentence(FailureSentence.Kind.FAILED, "[X] first."));
    Throwable bug = new SparkException("Job aborted", new IllegalStateException("odd"));
    assertThat(FailureSentence.of(bug).kind()).isEqualTo(FailureSentence.Kind.UNEXPECTED);
    assertThat(FailureSentence.of(bug).text()).contains("IllegalStateException: odd");
    assertThat(FailureSentence.of(new IllegalStateException("odd")).kind())
        .isEqualTo(FailureSentence.Kind.UNEXPECTED);
  }
}
