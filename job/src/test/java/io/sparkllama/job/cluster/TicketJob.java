package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Writes a job over some thousand tickets and the model that comes with the project: each row has
 * an answer of its own, sampled, in a few milliseconds.
 *
 * @param directory takes the job file and the model's cache
 * @param rows of the documents
 */
record TicketJob(Path directory, Path documents, Path output, int rows) {
  private static final int COPIES = 4;

  /** Is what the quick start has. */
  static final int ROWS_OF_A_COPY = 1000;

  static final int ROWS = COPIES * ROWS_OF_A_COPY;

  /** Is what a micro-batch has, about: a second or two of work, in a task for each worker. */
  static final int ROWS_OF_A_BATCH = 120;

  static final int ROWS_OF_A_TASK = ROWS_OF_A_BATCH / 2;

  /**
   * Makes few batches of what an earlier run has taken, where their borders are of no matter: each
   * takes about as long as its rows.
   */
  static final String FEW_BATCHES = "output.batch-rows=1000";

  private static final Path PROJECT = Path.of(System.getProperty("sparkllama.basedir", ".."));

  /**
   * Writes the tickets of the quick start several times over, each time with other keys, and each
   * in a folder of its own.
   */
  static void writeDocuments(SparkSession spark, Path documents) {
    Dataset<Row> tickets =
        spark.read().parquet(PROJECT.resolve("conf/data/tickets.parquet").toString());
    spark
        .range(COPIES)
        .withColumnRenamed("id", "copy")
        .crossJoin(tickets)
        .selectExpr("copy", "concat(id, '-', copy) AS id", "text", "category")
        .repartition(2)
        .write()
        .partitionBy("copy")
        .parquet(documents.toString());
  }

  /** Tells whether a row of the output answers a ticket of the first copy. */
  static boolean isOfFirstCopy(String answer) {
    return answer.startsWith("-0\"", "{\"id\":\"T00000".length());
  }

  /** Makes a job over all documents, whose output is in its directory, too. */
  static TicketJob ofAll(Path directory, Path documents) {
    return new TicketJob(directory, documents, directory.resolve("answers"), ROWS);
  }

  /** Makes a job over the first copy alone. */
  static TicketJob ofFirstCopy(Path directory, Path documents) {
    return new TicketJob(
        directory, documents.resolve("copy=0"), directory.resolve("answers"), ROWS_OF_A_COPY);
  }

  TicketJob withOutput(Path other) {
    return new TicketJob(directory, documents, other, rows);
  }

  TicketJob withDocuments(Path others) {
    return new TicketJob(directory, others, output, rows);
  }

  /**
   * Writes the job file.
   *
   * @param settings further lines
   */
  Path write(List<String> settings) throws IOException {
    String text =
        """
        task = complete
        model { path = "%s", cache-directory = "%s" }
        input { path = "%s", key = id, partitions = %d }
        prompt.user = "Ticket {{ id }}: {{ text }}\\nWhat is it about?"
        generation { max-tokens = 8, temperature = 0.8, seed = 7 }
        output { path = "%s", columns = [category], batch-rows = %d }
        """
            .formatted(
                PROJECT.resolve("models/tickets-6m.Q8_0.gguf").toAbsolutePath().normalize(),
                directory.resolve("models"),
                documents,
                rows / ROWS_OF_A_TASK,
                output,
                ROWS_OF_A_BATCH);
    return Files.writeString(
        directory.resolve("tickets.conf"), text + String.join("\n", settings) + "\n");
  }
}
