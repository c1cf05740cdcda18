package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.DeltaSpark;
import io.sparkllama.job.LocalSpark;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a job's driver while it writes to a Delta table, among rows and between a transaction and
 * its micro-batch's commit, and submits the same command each time: the table has the answers of a
 * run that nothing disturbs, and readers never saw others.
 */
@Tag("chaos")
@ExtendWith(UndisturbedRun.Resolver.class)
class KilledDriverOverDeltaIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Is about what a micro-batch takes. */
  private static final Duration LONGEST_DELAY = Duration.ofMillis(1200);

  private static final int KILLED = 128 + 9;
  private static final int KILLS = 3;

  @TempDir Path directory;

  private TicketJob tickets;
  private Path jobFile;

  /** A user would have Spark fetch these by --packages. */
  private static String deltaJars() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(SparkClassPath::isOfDelta)
        .map(jar -> Path.of(jar).toUri().toString())
        .collect(Collectors.joining(","));
  }

  @Test
  void theSameCommandGoesOn(UndisturbedRun undisturbed) throws Exception {
    RandomMoments moments = RandomMoments.of(KilledDriverOverDeltaIT.class);
    List<String> answers = undisturbed.answersOfFirstCopy();
    tickets = TicketJob.ofFirstCopy(directory, undisturbed.documents());
    jobFile = tickets.write(List.of("output.format = delta"));
    Path defaults = Files.createDirectories(directory.resolve("spark-home/conf"));
    Files.writeString(
        defaults.resolve("spark-defaults.conf"),
        """
        spark.jars %s
        spark.sql.extensions io.delta.sql.DeltaSparkSessionExtension
        spark.sql.catalog.spark_catalog org.apache.spark.sql.delta.catalog.DeltaCatalog
        spark.databricks.delta.snapshotPartitions 2
        """
            .formatted(deltaJars()));
    int open = 0; // transactions whose micro-batch was not committed
    for (int kill = 0; kill < KILLS; kill++) {
      try (SubmittedJob run = submit("run" + kill)) {
        long transactions = transactions();
        long commits = commits();
        boolean amongRows = kill % 2 == 1;
        // A run's first transaction may be the table's own.
        while (amongRows ? commits() <= commits : transactions() <= transactions + 1) {
          run.requireRunning("it was killed");
          Thread.sleep(1);
        }
        if (amongRows) {
          moments.sleepAtMost(LONGEST_DELAY);
        }
        run.driver().kill();
        assertThat(run.driver().awaitEnd(PATIENCE)).isEqualTo(KILLED);
      }
      open += transactions() > 1 + open + commits() ? 1 : 0;
    }
    System.out.printf("%d kills, %d of them between a transaction and its commit%n", KILLS, open);
    assertThat(open).isPositive();
    try (SubmittedJob run = submit("last", TicketJob.FEW_BATCHES)) {
      SubmittedJob.Run end = run.await();
      assertThat(end.exitCode()).as(end.errors()).isZero();
    }
    assertThat(transactions()).isEqualTo(1 + commits() + open);
    assertTable(answers);
  }

  private SubmittedJob submit(String name, String... overrides) throws IOException {
    return SubmittedJob.start(
        new Submission(directory, name, "local[2]", jobFile).with(List.of(overrides)));
  }

  private long transactions() throws IOException {
    return files(tickets.output().resolve("_delta_log"), "\\d{20}\\.json");
  }

  private long commits() throws IOException {
    Path states = tickets.output().resolve("_sparkllama");
    if (!Files.exists(states)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(states)) {
      Optional<Path> state =
          all.filter(path -> path.getFileName().toString().startsWith("v1-")).findFirst();
      return state.isEmpty() ? 0 : files(state.get().resolve("checkpoint/commits"), "\\d+");
    }
  }

  private static long files(Path folder, String names) throws IOException {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.getFileName().toString().matches(names)).count();
    }
  }

  /** Checks the rows that readers find now, and that no version had a row twice. */
  private void assertTable(List<String> answers) {
    SparkSession without = LocalSpark.session();
    try (DeltaSpark delta = DeltaSpark.start()) {
      SparkSession spark = delta.session();
      String table = tickets.output().toString();
      List<String> rows =
          spark
              .read()
              .format("delta")
              .load(table)
              .drop("configuration", "batch")
              .toJSON()
              .collectAsList();
      assertThat(rows.stream().sorted().toList()).isEqualTo(answers);
      long versions = spark.sql("describe history delta.`" + table + "`").count();
      for (long version = 0; version < versions; version++) {
        var then = spark.read().format("delta").option("versionAsOf", version).load(table);
        assertThat(then.select("id").distinct().count()).isEqualTo(then.count());
      }
    } finally {
      without.stop();
    }
  }
}
