package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Reads what a job has written. */
final class Answers {
  private Answers() {}

  /**
   * Returns every row with all its own columns as JSON, in an order of its own; in a session that
   * ends with it.
   */
  static List<String> read(Path output) {
    SparkSession spark = LocalSpark.session();
    try {
      return read(spark, output);
    } finally {
      spark.stop();
    }
  }

  /** Returns the same, read in a session that stays. */
  static List<String> read(SparkSession spark, Path output) {
    try (Stream<Path> folders = Files.walk(output)) {
      List<Path> batches =
          folders.filter(folder -> folder.getFileName().toString().startsWith("batch=")).toList();
      assertThat(batches).isNotEmpty().allMatch(batch -> Files.exists(batch.resolve("_SUCCESS")));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    return spark
        .read()
        .parquet(output.toString())
        .drop("configuration", "batch")
        .toJSON()
        .collectAsList()
        .stream()
        .sorted()
        .toList();
  }

  /** Checks that every message has an answer of the model's, and none an error. */
  static void assertComplete(SparkSession spark, Path output, Path documents) {
    Dataset<Row> answers = spark.read().parquet(output.toString());
    Dataset<Row> messages =
        spark
            .read()
            .option("header", "true")
            .option("multiLine", "true")
            .option("escape", "\"")
            .csv(documents.toString());
    assertThat(answers.select("text", "category").exceptAll(messages).isEmpty()).isTrue();
    assertThat(messages.exceptAll(answers.select("text", "category")).isEmpty()).isTrue();
    assertThat(answers.where("completion.error is not null").count()).isZero();
    assertThat(answers.where("completion.prompt_tokens > 0").count()).isEqualTo(answers.count());
  }
}
