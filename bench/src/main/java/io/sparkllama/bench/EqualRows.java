package io.sparkllama.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Measures what equal rows cost: a job in which one row of five repeats another, at temperature 0,
 * where each prompt is to be answered once, and at 0.8, where each row is to have a sample of its
 * own.
 *
 * <p>Arguments: model (GGUF), rows, a directory for its files, rounds. Prints one JSON object for
 * each of three jobs: temperature 0 with equal prompts once, the same with each, temperature 0.8;
 * the first of all has the model brought and packed in its time.
 */
public final class EqualRows {
  private static final int CORES = 2;
  private static final int REPEATED_OF = 5; // rows, one of them repeats another
  private static final int NEW_TOKENS = 48;

  private final Path model;
  private final Path directory;
  private final List<String> texts; // by key

  private EqualRows(Path model, int rows, Path directory) {
    this.model = model;
    this.directory = directory;
    Random random = new Random(9);
    int distinct = rows - rows / REPEATED_OF;
    List<String> made = new ArrayList<>();
    for (int row = 0; row < distinct; row++) {
      made.add(words(40 + random.nextInt(80), random));
    }
    for (int row = distinct; row < rows; row++) {
      made.add(made.get(random.nextInt(distinct)));
    }
    Collections.shuffle(made, random);
    texts = List.copyOf(made);
  }

  private static String words(int count, Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < count; i++) {
      text.append((char) ('a' + random.nextInt(26))).append((char) ('a' + random.nextInt(26)));
      text.append(' ');
    }
    return text.toString();
  }

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createDirectories(Path.of(arguments[2]).toAbsolutePath());
    EqualRows bench =
        new EqualRows(
            Path.of(arguments[0]).toAbsolutePath(), Integer.parseInt(arguments[1]), directory);
    SparkSession spark = LocalSession.open(CORES);
    try {
      bench.writeInput();
      for (int round = 0; round < Integer.parseInt(arguments[3]); round++) {
        Map<String, String> once = bench.answers(spark, 0, "once");
        Map<String, String> each = bench.answers(spark, 0, "each");
        if (!once.equals(each)) {
          throw new IllegalStateException("Rows have other answers where equal ones share one");
        }
        bench.answers(spark, 0.8, "once");
      }
    } finally {
      spark.stop();
    }
  }

  private Path input() {
    return directory.resolve("rows.jsonl");
  }

  private void writeInput() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = new ArrayList<>();
    for (int row = 0; row < texts.size(); row++) {
      lines.add(
          mapper.createObjectNode().put("id", "r" + row).put("text", texts.get(row)).toString());
    }
    Files.write(input(), lines);
  }

  /** Runs the job, prints what it took, and returns its answers by key. */
  private Map<String, String> answers(SparkSession spark, double temperature, String equalPrompts)
      throws IOException {
    Path output = directory.resolve("answers.parquet");
    Path job =
        Files.writeString(
            directory.resolve("job.conf"),
            """
            task = complete
            model { path = "%s", cache-directory = "%s" }
            input { format = json, path = "%s", key = id, equal-prompts = %s }
            prompt.template = "{{ text }}"
            generation { temperature = %s, max-tokens = %d }
            output { path = "%s", mode = overwrite }
            plan.before-run = false
            """
                .formatted(
                    model,
                    directory.resolve("cache"),
                    input(),
                    equalPrompts,
                    temperature,
                    NEW_TOKENS,
                    output));
    JsonNode summary = JobCall.run(job, texts.size());
    Map<String, String> answers = new HashMap<>();
    for (Row row : spark.read().parquet(output.toString()).collectAsList()) {
      answers.put(row.getString(0), row.getStruct(1).getString(0));
    }
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("temperature", temperature);
    json.put("equal_prompts", equalPrompts);
    json.put("rows", answers.size());
    json.put("rows_that_repeat_another", texts.size() - new HashSet<>(texts).size());
    json.put("rows_with_the_answer_of_an_equal_one", sharing(answers));
    json.setAll((ObjectNode) summary);
    System.out.println(json);
    return answers;
  }

  /** Counts rows beyond the first of their text that have the answer of one before. */
  private int sharing(Map<String, String> answers) {
    Map<String, Set<String>> seen = new HashMap<>();
    int sharing = 0;
    for (int row = 0; row < texts.size(); row++) {
      Set<String> ofText = seen.computeIfAbsent(texts.get(row), text -> new HashSet<>());
      sharing += ofText.add(answers.get("r" + row)) ? 0 : 1;
    }
    return sharing;
  }
}
