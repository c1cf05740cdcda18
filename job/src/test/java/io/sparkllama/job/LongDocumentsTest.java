package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Holds docs/long-documents.md, on the project's own model with a context of 256 tokens. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class LongDocumentsTest {
  private static final String SUMMARIZE =
      """
      task = summarize
      prompt.user = "Summarize this ticket in one line.\\n\\n{{ text }}"
      generation.max-tokens = 24
      """;

  private static SparkSession spark;

  @TempDir static Path cache;
  @TempDir Path folder;

  private Path input;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  /**
   * Makes tickets that fit, and others that are put together of several, of which one is double.
   */
  @BeforeEach
  void prepare() {
    input = folder.resolve("in");
    List<String> tickets =
        spark
            .read()
            .parquet(
                Path.of(System.getProperty("sparkllama.basedir", ".."), "conf/data/tickets.parquet")
                    .toString())
            .orderBy("id")
            .select("text")
            .limit(60)
            .as(Encoders.STRING())
            .collectAsList();
    List<String> texts = new ArrayList<>(tickets.subList(0, 6));
    for (int i = 0; i < 10; i++) {
      texts.add(String.join("\n\n", tickets.subList(6 + 3 * i, 10 + 4 * i)));
    }
    texts.add(String.join("\n\n", tickets));
    texts.add(texts.get(8));
    Dataset<Row> rows = spark.createDataset(texts, Encoders.STRING()).toDF("text");
    rows.selectExpr("text", "monotonically_increasing_id() as id")
        .write()
        .parquet(input.toString());
  }

  @Test
  void summariesAreTheSameBytesHoweverTheJobRuns() throws Exception {
    List<Row> first = run(SUMMARIZE, "input.partitions=1");
    assertThat(first).hasSize(18);
    assertThat(first).allMatch(row -> row.getStruct(1).isNullAt(5));
    assertThat(first.stream().filter(row -> row.getInt(2) == 1)).hasSizeGreaterThanOrEqualTo(6);
    assertThat(first.stream().mapToInt(row -> row.getInt(2)).max().orElseThrow())
        .isGreaterThan(15); // so that their summaries need more than one level
    assertThat(run(SUMMARIZE, "input.partitions=5", "engine.window=2", "engine.threads=1"))
        .isEqualTo(first);
    assertThat(
            run(
                SUMMARIZE,
                "input.partitions=2",
                "input.equal-prompts=each",
                "engine.prefix-cache=false",
                "engine.max-sequences=3",
                "engine.prefill-chunk=17"))
        .isEqualTo(first);
  }

  @Test
  void sampledPartsHaveRandomNumbersOfTheirOwnAndTheSameInEachRun() throws Exception {
    String job = SUMMARIZE.replace("summarize", "complete") + "prompt.overlong = split\n";
    String[] sampled = {"generation.temperature=1.5", "generation.n=2"};
    List<Row> first = run(job, with(sampled, "input.partitions=1"));
    assertThat(first).hasSize(36);
    assertThat(run(job, with(sampled, "input.partitions=4", "engine.max-sequences=5")))
        .isEqualTo(first);
    long different =
        IntStream.range(0, 18)
            .filter(i -> !first.get(2 * i).getStruct(2).equals(first.get(2 * i + 1).getStruct(2)))
            .count();
    assertThat(different).isGreaterThan(9);
  }

  @Test
  void whatFitsHasTheAnswerOfAJobThatDoesNotSplit() throws Exception {
    String complete = SUMMARIZE.replace("summarize", "complete");
    List<Row> whole = run(complete, "generation.temperature=1");
    List<Row> split = run(complete, "generation.temperature=1", "prompt.overlong=split");
    List<Row> summaries = run(SUMMARIZE, "generation.temperature=1");
    int fitting = 0;
    int errors = 0;
    for (int i = 0; i < whole.size(); i++) {
      errors += whole.get(i).getStruct(1).isNullAt(5) ? 0 : 1;
      assertThat(split.get(i).getString(0)).isEqualTo(whole.get(i).getString(0));
      if (split.get(i).getInt(2) == 1) {
        fitting++;
        assertThat(split.get(i).getStruct(1)).isEqualTo(whole.get(i).getStruct(1));
        assertThat(summaries.get(i)).isEqualTo(split.get(i));
      } else {
        // One line for each part.
        assertThat(split.get(i).getStruct(1).getString(0).split("\n", -1).length)
            .isGreaterThanOrEqualTo(split.get(i).getInt(2));
      }
    }
    assertThat(fitting).isGreaterThanOrEqualTo(6);
    assertThat(errors).isGreaterThan(5);
  }

  @Test
  void partsOfAClassifiedDocumentVote() throws Exception {
    String job =
        """
        task = classify
        prompt.user = "What is this ticket about?\\n\\n{{ text }}"
        prompt.overlong = split
        classify.labels = [account, billing, refund, shipping]
        """;
    List<Row> first = run(job, "input.partitions=1");
    assertThat(first).hasSize(18).allMatch(row -> row.getStruct(1).isNullAt(5));
    assertThat(first.stream().filter(row -> row.getInt(5) > 1)).hasSizeGreaterThan(5);
    for (Row row : first) {
      double sum = row.<String, Double>getJavaMap(4).values().stream().mapToDouble(p -> p).sum();
      assertThat(sum).isCloseTo(1, within(1e-9));
      assertThat(row.getDouble(3)).isEqualTo(row.getJavaMap(4).get(row.getString(2)));
    }
    assertThat(run(job, "input.partitions=3", "engine.max-batch-tokens=64")).isEqualTo(first);
  }

  @Test
  void aDocumentOfManyPartsIsDivided() throws Exception {
    String text =
        IntStream.range(0, 2_000)
            .mapToObj(i -> "My order number " + i + " has not come. ")
            .reduce("", String::concat)
            .repeat(5);
    spark
        .createDataset(List.of(text), Encoders.STRING())
        .toDF("text")
        .write()
        .mode("overwrite")
        .parquet(input.toString());
    String job =
        """
        task = classify
        prompt.template = "{{ text }}"
        prompt.overlong = split
        classify.labels = [yes, no]
        """;
    Row row = run(job, "engine.context-length=0").get(0);
    assertThat(row.getStruct(1).isNullAt(5)).isTrue();
    assertThat(row.getInt(5)).isGreaterThan(50);
  }

  @Test
  void aPlanCountsThePartsOfLongDocuments() throws Exception {
    for (String job :
        List.of(
            SUMMARIZE, SUMMARIZE.replace("summarize", "complete") + "prompt.overlong = split\n")) {
      JsonNode predicted = new ObjectMapper().readTree(process(job, "--plan", "--json").out());
      JsonNode done = new ObjectMapper().readTree(process(job, "--json").out());
      for (String name : List.of("prompt_tokens", "completion_tokens")) {
        double outcome = done.get(name).asDouble();
        assertThat(predicted.get(name).get("predicted").asDouble())
            .as(name)
            .isCloseTo(outcome, within(0.15 * outcome));
      }
      assertThat(predicted.get("errors").get("predicted").asInt()).isZero();
    }
  }

  @Test
  void templatesThatLeaveNoRoomAreRefusedBeforeTheJob() throws Exception {
    JobProcess run =
        process(
            SUMMARIZE + "summarize.combine = \"" + "combine ".repeat(300) + "{{ summaries }}\"\n");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("leaves no room in the context");
  }

  private static String[] with(String[] some, String... more) {
    List<String> all = new ArrayList<>(List.of(some));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /** Returns the rows in an order that does not depend on the run. */
  private List<Row> run(String job, String... overrides) throws Exception {
    JobProcess run = process(job, overrides);
    assertThat(run.code()).as(run.err()).isZero();
    Dataset<Row> rows =
        spark
            .read()
            .parquet(folder.resolve("out").toString())
            .drop("configuration", "batch");
    return (List.of(rows.columns()).contains("sample")
            ? rows.orderBy("key", "sample")
            : rows.orderBy("key"))
        .collectAsList();
  }

  private JobProcess process(String job, String... overrides) throws Exception {
    Path model =
        Path.of(System.getProperty("sparkllama.basedir", ".."), "models/tickets-6m.Q8_0.gguf");
    String whole =
        job
            + """
            model { path = "%s", cache-directory = "%s" }
            input.path = "%s"
            output { path = "%s", mode = overwrite }
            engine.context-length = 256
            """
                .formatted(model, cache, input, folder.resolve("out"));
    return JobProcess.run(folder, whole, overrides);
  }
}
