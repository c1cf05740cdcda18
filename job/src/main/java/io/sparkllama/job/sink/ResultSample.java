package io.sparkllama.job.sink;

import io.sparkllama.job.report.SparkSentence;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Prints a few rows of what a job wrote, read back from its output: no row is run again. */
public final class ResultSample {
  private static final int WIDTH = 60;

  private final SinkSpecification specification;

  public ResultSample(SinkSpecification specification) {
    this.specification = specification;
  }

  /** Finds the rows that a job wrote. */
  @FunctionalInterface
  public interface WrittenRows {
    Dataset<Row> rows() throws IOException;
  }

  /**
   * Prints as many rows as the specification says, none by default. The job is done by now: where
   * its output cannot be read back, a line says so.
   *
   * @param schema of the rows that were written
   * @param written rows
   */
  public void print(StructType schema, WrittenRows written, PrintStream out) {
    if (specification.show() == 0) {
      return;
    }
    try {
      Dataset<Row> sample = written.rows().select(readable(schema).toArray(Column[]::new));
      scala.Console.withOut(
          out,
          () -> {
            sample.show(specification.show(), WIDTH);
            return null;
          });
    } catch (Exception unreadable) {
      out.println(
          "warning: the output is written, but its sample cannot be shown: "
              + SparkSentence.of(unreadable));
    }
  }

  /**
   * Leaves maps out, shows of a completion its text and error, and rounds to four digits. A
   * completion with typed columns after it has no text of its own.
   */
  private static List<Column> readable(StructType schema) {
    List<Column> columns = new ArrayList<>();
    for (StructField field : schema.fields()) {
      Column column = functions.col("`" + field.name().replace("`", "``") + "`");
      if (field.dataType() instanceof StructType && field.name().equals("completion")) {
        if (schema.fieldIndex("completion") == schema.length() - 1) {
          columns.add(column.getField("text").as("text"));
        }
        columns.add(column.getField("error").getField("class").as("error"));
      } else if (field.dataType().equals(DataTypes.DoubleType)) {
        columns.add(functions.round(column, 4).as(field.name()));
      } else if (!(field.dataType() instanceof MapType)) {
        columns.add(column);
      }
    }
    return columns;
  }
}
