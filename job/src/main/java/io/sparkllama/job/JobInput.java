package io.sparkllama.job;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.OutputMode;
import io.sparkllama.job.durable.EarlierWork;
import io.sparkllama.job.durable.OutputFolder;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.screening.FileRecord;
import io.sparkllama.job.screening.InputRecord;
import io.sparkllama.job.screening.InputScreen;
import io.sparkllama.job.screening.ScreenedRows;
import io.sparkllama.job.screening.Screening;
import io.sparkllama.job.screening.TakenRows;
import io.sparkllama.job.sink.ResultSink;
import io.sparkllama.job.source.DocumentSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/** Is the input of a job that can be gone on with: its rows are screened before they are taken. */
final class JobInput {
  private final JobConfig config;
  private final SparkSession spark;
  private final InputScreen screen;
  private final StructType columns;

  private JobInput(JobConfig config, SparkSession spark, InputScreen screen, StructType columns) {
    this.config = config;
    this.spark = spark;
    this.screen = screen;
    this.columns = columns;
  }

  /**
   * Opens the input as far as a run needs it.
   *
   * @param output that runs can go on with; without one the input is not screened
   * @param origin of the run's rows
   * @throws InvalidConfigurationException where it cannot be read, or was not
   */
  static Optional<JobInput> of(
      JobConfig config, SparkSession spark, Optional<OutputFolder> output, RowOrigin origin)
      throws IOException {
    return switch (origin) {
      case INPUT -> open(config, spark, output);
      case DEAD_LETTERS -> Optional.of(asTaken(config, spark, output.orElseThrow()));
    };
  }

  /**
   * Finds the columns of the input: those by which earlier intakes have read it, where the job
   * needs no others, else those that its files have now.
   */
  private static Optional<JobInput> open(
      JobConfig config, SparkSession spark, Optional<OutputFolder> output) throws IOException {
    if (output.isEmpty()) {
      return Optional.empty();
    }
    InputScreen screen = InputScreen.of(spark, config.source());
    boolean anew = new ResultSink(config.sink()).mode() == OutputMode.OVERWRITE;
    // What has no files may change its columns: it is read as it is.
    Optional<StructType> kept =
        anew || !screen.isOfFiles()
            ? Optional.empty()
            : kept(config, screen, output.get(), record -> record.isReadAs(config.source()));
    StructType columns = kept.isPresent() ? kept.get() : screen.columns();
    return Optional.of(new JobInput(config, spark, screen, columns));
  }

  /**
   * Returns the input as an intake has read it, if there is one by the same options: it is not
   * looked at, may be gone, and may have other options by now, such as a query with a date in it.
   */
  private static JobInput asTaken(JobConfig config, SparkSession spark, OutputFolder output)
      throws IOException {
    InputScreen screen = InputScreen.of(spark, config.source());
    Optional<StructType> columns =
        kept(config, screen, output, record -> record.isReadAs(config.source()));
    if (columns.isEmpty()) {
      columns = kept(config, screen, output, record -> true);
    }
    if (columns.isEmpty()) {
      throw new InvalidConfigurationException(
          "The output has no rows of this job, so that none can be tried again; run the job first,"
              + " or correct output.path: "
              + config.sink().path().orElse(""));
    }
    return new JobInput(config, spark, screen, columns.get());
  }

  private static Optional<StructType> kept(
      JobConfig config, InputScreen screen, OutputFolder output, Predicate<InputRecord> fits)
      throws IOException {
    List<JsonNode> kept = output.inputs();
    for (int i = kept.size() - 1; i >= 0; i--) {
      JsonNode manifest = kept.get(i);
      InputRecord record = InputRecord.parse(manifest, config.sink().path().orElse(""));
      if (fits.test(record) && holds(config, screen.noRows(record.columns()))) {
        return Optional.of(record.columns());
      }
    }
    return Optional.empty();
  }

  private static boolean holds(JobConfig config, Dataset<Row> documents) {
    try {
      DocumentSource source = new DocumentSource(config.source());
      PreparedRows.of(config.pipeline(), documents, source.keyColumns(documents.schema()));
      return true;
    } catch (InvalidConfigurationException missing) {
      return false; // the input may have got the column since: what it has now is looked at
    }
  }

  /** Returns no rows, with the input's columns. */
  Dataset<Row> documents() {
    return screen.noRows(columns);
  }

  /** Screens the rows that earlier intakes have not taken, for a walk; reads them. */
  ScreenedInput screened(PipelineSpecification pipeline, EarlierWork earlier) throws IOException {
    DocumentSource source = new DocumentSource(config.source());
    Screening screening =
        new Screening(
            screen,
            columns,
            (documents, marks) ->
                PreparedRows.of(pipeline, documents, source.keyColumns(documents.schema()), marks),
            config.badRows());
    List<FileRecord> files = new ArrayList<>();
    records(earlier).forEach(record -> files.addAll(record.files()));
    return new ScreenedInput(
        this, screening, screening.screen(files, earlier.taken(spark, TakenRows.COLUMNS)));
  }

  /** Returns the rows that the last intake before this run set aside. */
  long setAsideBefore(EarlierWork earlier) throws IOException {
    List<InputRecord> records = records(earlier);
    return records.isEmpty() ? 0 : records.get(records.size() - 1).setAside();
  }

  private List<InputRecord> records(EarlierWork earlier) throws IOException {
    List<InputRecord> records = new ArrayList<>();
    for (JsonNode manifest : earlier.inputs()) {
      records.add(InputRecord.parse(manifest, earlier.folder().rows()));
    }
    return records;
  }

  /** Returns what is kept of the input with rows that are taken, and was not known before. */
  InputRecord record(ScreenedRows rows, long taken, EarlierWork earlier) throws IOException {
    Set<FileRecord> known = new HashSet<>();
    records(earlier).forEach(record -> known.addAll(record.files()));
    return new InputRecord(
        config.source().format(),
        config.source().options(),
        columns,
        rows.files(taken).stream().filter(file -> !known.contains(file)).toList(),
        rows.setAside());
  }
}
