package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Plants an abort into one row of ten thousand and a hang into another: the others have the answers
 * of a run within the executor's own process, and these two dead letters.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class DeadLettersIT {
  private static final int ROWS = 10_000;
  private static final int ABORTING = 1234;
  private static final int HANGING = 8765;

  @TempDir Path folder;

  private SparkSession spark;
  private String job;

  @Test
  void anAbortAndAHangAmongTenThousandRowsCostTheseTwoAlone() throws Exception {
    spark = LocalSpark.session();
    Path model = SharedModel.stories();
    Path input = folder.resolve("in");
    spark
        .range(0, ROWS, 1, 8)
        .selectExpr(
            "id",
            "concat('Row ', id, case id when "
                + ABORTING
                + " then ' \u03be' when "
                + HANGING
                + " then ' \u0416' else '' end) as text")
        .write()
        .parquet(input.toString());
    job =
        """
        task = classify
        model { path = "%s", cache-directory = "%s" }
        input { path = "%s", key = id }
        prompt.template = "{{ text }}"
        classify.labels = ["a", "b"]
        output { path = "%s", batch-rows = 4000 }
        engine { max-sequences = 16, isolation-timeout = 2 }
        """
            .formatted(model, folder.resolve("models"), input, folder.resolve("out"));
    Path whole = folder.resolve("whole");
    run(0, "output.path=" + whole, "engine.isolation=none");
    Map<Long, String> expected = answers(whole);
    assertThat(expected).hasSize(ROWS);

    JsonNode summary = run(3, faulty(model));
    assertThat(summary.get("rows").asInt()).isEqualTo(ROWS - 2);
    assertThat(summary.get("errors").asInt()).isZero();
    assertThat(summary.get("dead_letters").asInt()).isEqualTo(2);
    Map<Long, String> answers = answers(folder.resolve("out"));
    Map<Long, String> others = new TreeMap<>(expected);
    others.keySet().removeAll(Set.of((long) ABORTING, (long) HANGING));
    assertThat(answers).isEqualTo(others);
    expectLetters();

    JsonNode replayed = run(0, "--replay");
    assertThat(replayed.get("rows").asInt()).isEqualTo(2);
    assertThat(replayed.get("dead_letters_open").asInt()).isZero();
    assertThat(answers(folder.resolve("out"))).isEqualTo(expected);
  }

  private void expectLetters() throws Exception {
    JobProcess list = JobProcess.run(folder, job, "--replay", "--list", "--json");
    Map<String, String> messages = new TreeMap<>();
    for (String line : list.out().lines().toList()) {
      JsonNode letter = new ObjectMapper().readTree(line);
      assertThat(letter.get("attempt").asInt()).isEqualTo(1);
      messages.put(letter.get("key").get(0).asText(), letter.get("message").asText());
    }
    assertThat(messages).containsOnlyKeys("" + ABORTING, "" + HANGING);
    assertThat(messages.get("" + ABORTING)).contains("signal 6");
    assertThat(messages.get("" + HANGING)).contains("gave no reply");
  }

  private String[] faulty(Path model) throws Exception {
    List<String> faults =
        List.of(
            "abort " + FaultyWorker.tokenOf(model, "Row \u03be", "Row 0123456789 \u0416"),
            "hang " + FaultyWorker.tokenOf(model, "Row \u0416", "Row 0123456789 \u03be"));
    assertThat(new HashSet<>(faults)).hasSize(2);
    Path place = Files.createDirectories(folder.resolve("faulty"));
    return FaultyWorker.in(place, faults).settings().toArray(String[]::new);
  }

  private JsonNode run(int code, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--json");
    JobProcess run = JobProcess.run(folder, job, all.toArray(String[]::new));
    assertThat(run.code()).as(run.err()).isEqualTo(code);
    return new ObjectMapper().readTree(run.out());
  }

  /** Returns all columns of all rows, by their keys. */
  private Map<Long, String> answers(Path output) {
    Map<Long, String> answers = new TreeMap<>();
    for (String row :
        spark
            .read()
            .parquet(output.toString())
            .drop("configuration", "batch")
            .selectExpr("concat(id, ' ', to_json(struct(*)))")
            .as(org.apache.spark.sql.Encoders.STRING())
            .collectAsList()) {
      long id = Long.parseLong(row.substring(0, row.indexOf(' ')));
      assertThat(answers.put(id, row)).isNull();
    }
    return answers;
  }
}
