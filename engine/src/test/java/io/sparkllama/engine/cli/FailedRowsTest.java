package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs commands whose engine ends by a signal at some of their rows. */
@Timeout(120)
class FailedRowsTest {
  private static final Path BASE = Path.of(System.getProperty("sparkllama.basedir"));
  private static final Path MODEL = BASE.resolve("models/tickets-6m.Q8_0.gguf");
  private static final String FATAL = " \u03be";
  private static final RowError SET_ASIDE = new RowError(RowError.SET_ASIDE, "by signal 6");

  @TempDir private Path folder;

  @Test
  void aFewRowsThatCannotBeRunHaveTheirError() throws IOException {
    CommandRun run = complete(40, 20);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(FailedRows.ROWS_SET_ASIDE);
    assertThat(run.json()).hasSize(40);
    assertThat(run.json().stream().filter(row -> row.has("error"))).hasSize(20);
  }

  @Test
  void withMoreTheCommandEnds() throws IOException {
    CommandRun run = complete(60, 60);

    assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
    assertThat(run.json()).hasSize(21).allMatch(row -> row.has("error"));
    assertThat(run.err().lines().filter(line -> line.startsWith("sparkllama complete:")))
        .hasSize(1)
        .allMatch(line -> line.contains("Set aside were 21 of 21 requests, where 20 or 0.1%"))
        .allMatch(line -> line.contains("signal 6 (abort)"))
        .noneMatch(line -> line.contains("Exception"));
  }

  @Test
  void scoringEndsAsWell() throws IOException {
    CommandRun run =
        run(
            "score",
            "--file",
            lines(
                "rows.jsonl",
                60,
                i -> "{\"context\":\"Row " + i + FATAL + "\",\"continuation\":\" yes\"}"));

    assertThat(run.exitCode()).as(run.err()).isEqualTo(1);
    assertThat(run.json()).hasSize(21);
    assertThat(run.err()).contains("Set aside were 21 of 21 requests");
  }

  @Test
  void ofManyRowsOneInAThousandMay() {
    FailedRows rows = new FailedRows();
    IntStream.range(0, 29_980).forEach(row -> rows.count(Optional.empty()));
    assertThatCode(() -> IntStream.range(0, 30).forEach(row -> rows.count(Optional.of(SET_ASIDE))))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> rows.count(Optional.of(SET_ASIDE)))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("31 of 30011 requests");
  }

  @Test
  void otherErrorsAreNoneOfTheEngine() {
    FailedRows rows = new FailedRows();
    RowError tooLong = new RowError(RowError.PROMPT_TOO_LONG, "900 tokens");
    IntStream.range(0, 500).forEach(row -> rows.count(Optional.of(tooLong)));
    assertThat(rows.exitCode()).isEqualTo(FailedRows.ROWS_SET_ASIDE);
    assertThat(new FailedRows().exitCode()).isZero();
  }

  private CommandRun complete(int rows, int fatal) throws IOException {
    return run(
        "complete",
        "--max-tokens",
        "2",
        "--prompts",
        lines("prompts.txt", rows, i -> "Row " + i + (i < fatal ? FATAL : "")));
  }

  private CommandRun run(String... arguments) throws IOException {
    Path worker = folder.resolve("sparkllama-worker");
    Files.copy(
        BASE.resolve("engine/target/native/faulty-worker"),
        worker,
        StandardCopyOption.COPY_ATTRIBUTES);
    Files.writeString(folder.resolve("sparkllama-worker.faults"), "abort " + fatalToken());
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--model", MODEL.toString(), "--native-dir", folder.toString(), "--json"));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private String lines(String name, int rows, IntFunction<String> line) throws IOException {
    List<String> lines = IntStream.range(0, rows).mapToObj(line).toList();
    return Files.write(folder.resolve(name), lines).toString();
  }

  private static int fatalToken() {
    int[] with = tokens("Row 0" + FATAL);
    int[] without = tokens("Row 0123456789 yes");
    return Arrays.stream(with)
        .filter(id -> Arrays.stream(without).noneMatch(other -> other == id))
        .findFirst()
        .orElseThrow();
  }

  private static int[] tokens(String text) {
    return ModelFile.open(MODEL).tokenizer().encodeWithBos(Prompt.ofData(text));
  }
}
