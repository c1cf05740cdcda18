package io.sparkllama.job.planning;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstRowsTest {
  private static final String MOST_BYTES = "spark.sql.files.maxPartitionBytes";

  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void takesTheFirstRowsFromTheSourcesOwnPartitions() {
    Dataset<Row> rows = spark.range(0, 100, 1, 7).toDF("c0");
    for (int count : List.of(1, 14, 15, 50, 99, 100, 1000)) {
      Dataset<Row> first = new FirstRows(rows).take(count);
      assertThat(first.collectAsList())
          .isEqualTo(rows.collectAsList().subList(0, Math.min(count, 100)));
      assertThat(first.javaRDD().getNumPartitions()).isEqualTo(7);
    }
  }

  /** As a cluster does it when executors come between counting and reading. */
  @Test
  void countsAndReadsTheSamePartitionsThoughSparkWouldCutTheFilesAnew() {
    spark.range(0, 2000, 1, 4).toDF("c0").write().csv(folder.resolve("in").toString());
    Dataset<Row> rows = spark.read().csv(folder.resolve("in").toString()).toDF("c0");
    List<Row> before = rows.collectAsList();
    String mostBytes = spark.conf().get(MOST_BYTES);
    try {
      spark.conf().set(MOST_BYTES, "500b");
      FirstRows first = new FirstRows(rows);
      spark.conf().set(MOST_BYTES, mostBytes);
      Dataset<Row> taken = first.take(700);
      assertThat(taken.select(functions.col("c0")).collectAsList()).hasSize(700);
      assertThat(before).containsAll(taken.collectAsList());
    } finally {
      spark.conf().set(MOST_BYTES, mostBytes);
    }
  }
}
