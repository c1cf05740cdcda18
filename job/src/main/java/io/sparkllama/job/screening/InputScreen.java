package io.sparkllama.job.screening;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.SourceSpecification;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives the rows of an input that earlier intakes have not taken, without those files that are
 * known, re-delivered, half written or broken.
 *
 * <p>An input without files (jdbc, a table) is read whole each time, and compared by its rows.
 */
public final class InputScreen {
  private static final Logger LOG = LoggerFactory.getLogger(InputScreen.class);

  /** Each sets a file aside that shows only while its rows are read that it is broken. */
  private static final int MOST_ATTEMPTS = 20;

  private final SparkSession spark;
  private final DocumentSource source;
  private final Optional<Files> files;

  /** Is what reads an input of files. */
  private record Files(FileScreen screen, FileRows rows) {}

  private InputScreen(SparkSession spark, DocumentSource source, Optional<Files> files) {
    this.spark = spark;
    this.source = source;
    this.files = files;
  }

  /**
   * Makes the screen of an input; nothing is read yet.
   *
   * @throws InvalidConfigurationException where an option would lose rows without a word
   */
  public static InputScreen of(SparkSession spark, SourceSpecification specification) {
    DocumentSource source = new DocumentSource(specification);
    if (specification.paths().isEmpty() || !FileOptions.isFileFormat(specification.format())) {
      return new InputScreen(spark, source, Optional.empty());
    }
    var hadoop = spark.sparkContext().hadoopConfiguration();
    FileOptions options = new FileOptions(specification.format(), specification.options());
    FileScreen screen =
        new FileScreen(
            new FileListing(hadoop, specification.paths(), options),
            new FileProbe(options.format(), hadoop));
    return new InputScreen(
        spark, source, Optional.of(new Files(screen, new FileRows(spark, options))));
  }

  /** Tells whether the input is a list of files. */
  public boolean isOfFiles() {
    return files.isPresent();
  }

  /**
   * Finds the columns of the input, in all its sound files. Later intakes read by the columns that
   * the first one found, so that a file cannot change what a column means.
   */
  public StructType columns() throws IOException {
    if (files.isEmpty()) {
      return source.open(spark).schema();
    }
    return attempt(select(List.of()), chosen -> source.refusing(() -> columnsOf(chosen)));
  }

  private StructType columnsOf(FileSelection selection) {
    if (selection.files().isEmpty()) {
      throw new InvalidConfigurationException(
          "The input has no file that can be read yet, so that its columns are not known; put one"
              + " there, or correct input.path"
              + selection.others().stream()
                  .findFirst()
                  .map(file -> ": " + file.path() + ": " + file.detail())
                  .orElse(""));
    }
    return files.orElseThrow().rows().schema(selection.files());
  }

  /** Returns no rows, with the columns of the input, for what checks columns. */
  public Dataset<Row> noRows(StructType columns) {
    return spark.createDataFrame(List.of(), columns);
  }

  /**
   * Lists the files that may have new rows, and reads them through.
   *
   * @param records of the files that earlier intakes have seen, from the first to the last
   */
  FileSelection select(List<FileRecord> records) throws IOException {
    return files.isEmpty() ? FileSelection.NONE : files.get().screen().select(spark, records);
  }

  /**
   * Returns the rows of chosen files, or of an input without files; none is read yet.
   *
   * @return the input's columns, and the {@link RowMarks}
   */
  Dataset<Row> rows(StructType columns, FileSelection selection) {
    if (files.isPresent()) {
      return files.get().rows().read(selection.files(), columns);
    }
    return source
        .open(spark)
        .withColumn(RowMarks.FILE, functions.lit(null).cast("string"))
        .withColumn(RowMarks.BROKEN, functions.lit(false));
  }

  /**
   * Refuses what was read of files that are no longer as they were chosen.
   *
   * @throws IOException after which {@link #attempt} begins again without them
   */
  void requireUnchanged(FileSelection selection) throws IOException {
    if (files.isPresent()) {
      List<UnreadableFile> changed =
          files.get().screen().withoutChanged(selection).others().stream()
              .filter(left -> selection.file(left.path()).isPresent())
              .map(left -> new UnreadableFile(left.path(), left.detail()))
              .toList();
      if (!changed.isEmpty()) {
        throw new UnreadableFile.Found(changed);
      }
    }
  }

  /** Is what is done with chosen files. */
  @FunctionalInterface
  interface Attempt<T> {
    T with(FileSelection selection) throws IOException;
  }

  /**
   * Does something with chosen files. Where one turns out broken, or has changed, it counts for
   * nothing, and is done again without that file.
   */
  <T> T attempt(FileSelection chosen, Attempt<T> attempt) throws IOException {
    FileSelection selection = chosen;
    for (int i = 0; i < MOST_ATTEMPTS; i++) {
      try {
        return attempt.with(selection);
      } catch (Exception wrong) {
        Optional<FileSelection> left =
            files.isEmpty() ? Optional.empty() : withoutCause(selection, wrong);
        if (left.isEmpty()) {
          throw wrong;
        }
        LOG.warn("The intake begins again without files that cannot be taken now.");
        selection = left.get();
      }
    }
    throw new IOException(
        "Too many files of the input are broken in ways that show only while their rows are read;"
            + " look after them, or name others by input.path. The last one is "
            + selection.others().get(selection.others().size() - 1).path());
  }

  /** A file that changed is half written rather than broken. */
  private Optional<FileSelection> withoutCause(FileSelection selection, Exception wrong)
      throws IOException {
    FileScreen screen = files.orElseThrow().screen();
    FileSelection left = null;
    for (UnreadableFile unreadable : UnreadableFile.in(wrong)) {
      Optional<InputFile> file = selection.file(unreadable.path());
      if (file.isPresent()) {
        left = left == null ? screen.withoutChanged(selection) : left;
        if (left.file(unreadable.path()).isPresent()) {
          left = screen.without(left, file.get(), unreadable.reason());
        }
      }
    }
    return Optional.ofNullable(left);
  }
}
