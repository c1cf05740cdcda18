package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Holds the rows of docs/bad-input.md, on a really trained model with a context of 512 tokens. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class JobRowsTest {
  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private String job;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @BeforeEach
  void prepare() {
    job =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        prompt.template = "{{ text }}"
        generation.max-tokens = 8
        output { path = "%s", columns = [text] }
        engine.kv-cache-type = f32
        """
            .formatted(SharedModel.stories(), cache, folder.resolve("out"));
  }

  @Test
  void strangeTextsGetAnswersOrErrorsAndNeverFailTheJob() throws Exception {
    Map<String, Row> rows = new HashMap<>();
    JobProcess run =
        run(
            java.util.Arrays.asList(
                null, "", "Once upon a time", "a\0b", "half \ud800 a character", "</s><s>", "日本"),
            rows);
    JsonNode summary = new ObjectMapper().readTree(run.out());
    assertThat(summary.get("rows").asInt()).isEqualTo(7);
    assertThat(summary.get("errors").asInt()).isEqualTo(1);
    assertThat(error(rows.get(null))).isEqualTo("null-input");
    assertThat(rows.get(null).getStruct(2).getInt(2)).isZero();
    for (String text :
        List.of("", "Once upon a time", "a\0b", "half ? a character", "</s><s>", "日本")) {
      assertThat(rows).containsKey(text);
      assertThat(error(rows.get(text))).as(text).isNull();
      assertThat(rows.get(text).getStruct(2).getInt(3)).as(text).isBetween(1, 8);
    }
    assertThat(rows.get("").getStruct(2).getInt(2)).isEqualTo(1); // BOS alone
    assertThat(rows.get("</s><s>").getStruct(2).getInt(2)).isGreaterThan(4); // plain letters
  }

  @Test
  void overlongTextsAreErrorsOrCutAsConfigured() throws Exception {
    String text = "Once upon a time. ".repeat(600_000); // 10.8 MB
    Map<String, Row> rows = new HashMap<>();
    run(List.of(text, "Once"), rows);
    Row completion = rows.get(text).getStruct(2);
    assertThat(error(rows.get(text))).isEqualTo("prompt-too-long");
    assertThat(completion.getStruct(5).getString(1)).doesNotContain("upon");
    assertThat(error(rows.get("Once"))).isNull();
    String numbered = "";
    for (int i = 0; i < 400; i++) {
      numbered += " number " + i;
    }
    Map<String, String> answers = new HashMap<>();
    for (String policy : List.of("truncate-head", "truncate-middle", "truncate-tail")) {
      rows.clear();
      run(List.of(text, numbered), rows, "prompt.overlong=" + policy, "output.mode=overwrite");
      for (String long_ : List.of(text, numbered)) {
        assertThat(error(rows.get(long_))).as(policy).isNull();
        assertThat(rows.get(long_).getStruct(2).getInt(2)).as(policy).isBetween(400, 511);
      }
      answers.put(policy, String.valueOf(rows.get(numbered).getStruct(2).getDouble(4)));
    }
    assertThat(answers.values()).doesNotHaveDuplicates();
  }

  @Test
  void noRowsGiveAnEmptyOutputWithItsColumns() throws Exception {
    Map<String, Row> rows = new HashMap<>();
    JobProcess run = run(List.of(), rows);
    assertThat(rows).isEmpty();
    assertThat(new ObjectMapper().readTree(run.out()).get("rows").asInt()).isZero();
    assertThat(run.err()).contains("rows              0");
    assertThat(spark.read().parquet(folder.resolve("out").toString()).columns())
        .containsExactly("key", "text", "completion", "configuration", "batch");
  }

  @Test
  void invalidUtf8ArrivesAsReplacementCharacters() throws Exception {
    Path file = folder.resolve("latin.csv");
    Files.write(file, "text\ngr\u00f6\u00dfe\n".getBytes(StandardCharsets.ISO_8859_1));
    JobProcess run =
        JobProcess.run(
            folder,
            job + "input { format = csv, options { header = true } }\n",
            "input.path=" + file,
            "--json");
    assertThat(run.code()).as(run.err()).isZero();
    Row row = spark.read().parquet(folder.resolve("out").toString()).first();
    assertThat(row.getString(1)).isEqualTo("gr\ufffd\ufffde");
    assertThat(error(row)).isNull();
  }

  @Test
  void penaltiesAndBiasesReachTheTokens() throws Exception {
    Map<String, Row> rows = new HashMap<>();
    String text = "Once upon a time";
    run(List.of(text), rows, "generation.max-tokens=60");
    Row plain = rows.get(text).getStruct(2);
    assertThat(plain.getString(0)).startsWith(", there was a little girl named Lily");
    Map<String, String> answers = new HashMap<>();
    for (String key :
        List.of(
            "repetition-penalty=1.5",
            "presence-penalty=2",
            "frequency-penalty=2",
            "logit-bias={ 286 = -100 }")) { // " was" cannot be said whole
      rows.clear();
      run(
          List.of(text),
          rows,
          "generation.max-tokens=60",
          "output.mode=overwrite",
          "generation." + key);
      assertThat(error(rows.get(text))).as(key).isNull();
      answers.put(key, rows.get(text).getStruct(2).getString(0));
    }
    answers.put("plain", plain.getString(0));
    assertThat(answers.values()).doesNotHaveDuplicates();
  }

  @Test
  void theSummaryCountsWhatTheOutputHolds() throws Exception {
    Map<String, Row> rows = new HashMap<>();
    JobProcess run =
        run(
            List.of("Once", "Two", "Three little"),
            rows,
            "input.partitions=3",
            "engine.prefix-cache=false");
    JsonNode summary = new ObjectMapper().readTree(run.out());
    assertThat(summary.get("prompt_tokens").asLong())
        .isEqualTo(rows.values().stream().mapToLong(row -> row.getStruct(2).getInt(2)).sum());
    assertThat(summary.get("completion_tokens").asLong())
        .isEqualTo(rows.values().stream().mapToLong(row -> row.getStruct(2).getInt(3)).sum());
    assertThat(summary.get("cached_tokens").asLong()).isZero();
    assertThat(summary.get("repeated_rows").asLong()).isZero();
    assertThat(summary.get("output").asText()).isEqualTo(folder.resolve("out").toString());
    assertThat(summary.has("accuracy")).isFalse();
    assertThat(run.out().strip().lines()).hasSize(1);
  }

  @Test
  void equalRowsAreAnsweredOnceUnlessTheJobSaysOtherwise() throws Exception {
    List<String> texts = List.of("Once", "Two", "Once", "Once", "Two");
    for (String equalPrompts : List.of("once", "each")) {
      Map<String, Row> rows = new HashMap<>();
      JobProcess run =
          run(
              texts,
              rows,
              "input.equal-prompts=" + equalPrompts,
              "engine.prefix-cache=false",
              "output.mode=overwrite");
      JsonNode summary = new ObjectMapper().readTree(run.out());
      boolean once = equalPrompts.equals("once");
      assertThat(summary.get("rows").asLong()).isEqualTo(5);
      assertThat(summary.get("repeated_rows").asLong()).isEqualTo(once ? 3 : 0);
      long repeated =
          2 * rows.get("Once").getStruct(2).getInt(2) + rows.get("Two").getStruct(2).getInt(2);
      assertThat(summary.get("cached_tokens").asLong()).isEqualTo(once ? repeated : 0);
      assertThat(spark.read().parquet(folder.resolve("out").toString()).count()).isEqualTo(5);
    }
  }

  @Test
  void severalCompletionsDifferAndAreTheSameInAnotherRun() throws Exception {
    List<List<Row>> runs = new ArrayList<>();
    for (String partitions : List.of("1", "3")) {
      JobProcess run =
          run(
              List.of("Once upon", "Two", "Three little"),
              "generation.n=4",
              "generation.temperature=1",
              "generation.max-tokens=40",
              "input.partitions=" + partitions,
              "output.mode=overwrite");
      assertThat(new ObjectMapper().readTree(run.out()).get("rows").asLong()).isEqualTo(12);
      Dataset<Row> output =
          spark
              .read()
              .parquet(folder.resolve("out").toString())
              .drop("configuration", "batch");
      runs.add(output.orderBy("key", "sample").collectAsList());
    }
    assertThat(runs.get(0)).hasSize(12).isEqualTo(runs.get(1));
    assertThat(runs.get(0).stream().map(row -> row.getString(0) + row.getAs("completion")))
        .doesNotHaveDuplicates();
  }

  @Test
  void constrainedCompletionsMatchOrHaveAnError() throws Exception {
    Map<String, Row> rows = new HashMap<>();
    List<String> texts = List.of("Once upon a time", "One day", "", "日本", "The dog");
    run(texts, rows, "generation.regex=(red|blue|green) [a-z]{2,9}\\.");
    for (String text : texts) {
      assertThat(error(rows.get(text))).as(text).isNull();
      assertThat(rows.get(text).getStruct(2).getString(0))
          .matches("(red|blue|green) [a-z]{2,9}\\.");
    }
    List<String> choices = List.of("it is good", "it is bad", "don't know");
    rows.clear();
    run(
        texts,
        rows,
        "generation.choices=[\"it is good\", \"it is bad\", \"don't know\"]",
        "output.mode=overwrite");
    for (String text : texts) {
      assertThat(rows.get(text).getStruct(2).getString(0)).isIn(choices);
      assertThat(rows.get(text).getStruct(2).getString(1)).isEqualTo("stop");
    }
  }

  private JobProcess run(List<String> texts, Map<String, Row> rows, String... overrides)
      throws Exception {
    JobProcess run = run(texts, overrides);
    for (Row row : spark.read().parquet(folder.resolve("out").toString()).collectAsList()) {
      rows.put(row.getString(1), row);
    }
    return run;
  }

  private JobProcess run(List<String> texts, String... overrides) throws Exception {
    Dataset<Row> input = spark.createDataset(texts, Encoders.STRING()).toDF("text");
    input.write().mode("overwrite").parquet(folder.resolve("in").toString());
    String[] arguments = java.util.Arrays.copyOf(overrides, overrides.length + 2);
    arguments[overrides.length] = "input.path=" + folder.resolve("in");
    arguments[overrides.length + 1] = "--json";
    JobProcess run = JobProcess.run(folder, job, arguments);
    assertThat(run.code()).as(run.err()).isZero();
    return run;
  }

  private static String error(Row row) {
    Row error = row.getStruct(2).getStruct(5);
    return error == null ? null : error.getString(0);
  }
}
