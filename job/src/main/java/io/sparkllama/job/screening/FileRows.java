package io.sparkllama.job.screening;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Reads chosen files of an input, and marks each row with its file and whether it parsed. */
final class FileRows {
  /** Takes the text of a record that does not parse; it is never read. */
  private static final String CORRUPT = "_sparkllama_corrupt";

  private static final Pattern WILDCARD = Pattern.compile("[\\[\\]{}*?\\\\]");
  private static final String METADATA = "_metadata.file_path";

  private final SparkSession spark;
  private final FileOptions options;

  FileRows(SparkSession spark, FileOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /** Finds the columns of files as Spark does: from one of them, or where it must, from all. */
  StructType schema(List<InputFile> files) {
    StructType joined = new StructType();
    for (Map.Entry<String, List<InputFile>> group : byBase(files).entrySet()) {
      StructType schema = reader(group.getKey()).load(paths(group.getValue())).schema();
      for (StructField field : schema.fields()) {
        boolean known = List.of(joined.fieldNames()).contains(field.name());
        if (!known && !field.name().equals(CORRUPT)) {
          joined = joined.add(field);
        }
      }
    }
    return joined;
  }

  /** Returns the rows of files with the columns of a schema and then the {@link RowMarks}. */
  Dataset<Row> read(List<InputFile> files, StructType schema) {
    StructType read = options.parses() ? schema.add(CORRUPT, DataTypes.StringType, true) : schema;
    Column broken = options.parses() ? col(CORRUPT).isNotNull() : lit(false);
    UDF1<String, String> path = InputFile::pathOf;
    Column file = functions.udf(path, DataTypes.StringType).apply(col(METADATA));
    List<Column> columns = new ArrayList<>();
    for (String name : schema.fieldNames()) {
      columns.add(col("`" + name.replace("`", "``") + "`"));
    }
    columns.add(file.as(RowMarks.FILE));
    columns.add(broken.as(RowMarks.BROKEN));
    Dataset<Row> rows = null;
    for (Map.Entry<String, List<InputFile>> group : byBase(files).entrySet()) {
      Dataset<Row> some =
          reader(group.getKey())
              .schema(read)
              .load(paths(group.getValue()))
              .select(columns.toArray(Column[]::new));
      rows = rows == null ? some : rows.unionByName(some);
    }
    return rows == null ? spark.createDataFrame(List.of(), RowMarks.added(schema)) : rows;
  }

  /** Files without columns in their folders' names are read at once; others by their base. */
  private static Map<String, List<InputFile>> byBase(List<InputFile> files) {
    Map<String, List<InputFile>> groups = new LinkedHashMap<>();
    for (InputFile file : files) {
      String base = file.partition().isEmpty() ? "" : file.base();
      groups.computeIfAbsent(base, unused -> new ArrayList<>()).add(file);
    }
    return groups;
  }

  /** What cannot be read must fail, whatever the cluster's own settings say. */
  private DataFrameReader reader(String base) {
    Map<String, String> all = options.given();
    all.put("ignoreCorruptFiles", "false");
    all.put("ignoreMissingFiles", "false");
    all.remove("pathGlobFilter"); // has chosen them already
    all.remove("recursiveFileLookup");
    all.remove("basePath");
    if (!base.isEmpty()) {
      all.put("basePath", base);
    }
    if (options.parses()) {
      all.put("columnNameOfCorruptRecord", CORRUPT);
      all.put("columnPruning", "false"); // else a record's soundness depends on the columns asked
      all.putIfAbsent("enforceSchema", "false"); // a header in another order is no header
    }
    return spark.read().format(options.format()).options(all);
  }

  /** A file may be called {@code [1].json}. */
  private static String[] paths(List<InputFile> files) {
    return files.stream()
        .map(file -> WILDCARD.matcher(file.path()).replaceAll("\\\\$0"))
        .toArray(String[]::new);
  }
}
