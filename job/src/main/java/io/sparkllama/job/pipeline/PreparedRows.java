package io.sparkllama.job.pipeline;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.planning.RowIdentity;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prompt.ChatPrompt;
import io.sparkllama.job.prompt.RowPrompt;
import io.sparkllama.job.source.InputColumn;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Holds the documents with the columns that the walk reads, in their order, and what the walk makes
 * of them.
 *
 * @param layout where the columns stand
 * @param output columns that the walk writes
 */
public record PreparedRows(Dataset<Row> rows, RowLayout layout, StructType output) {
  /**
   * Prepares documents; none is read yet.
   *
   * @param keys the user's key columns, none for a derived key
   * @throws InvalidConfigurationException where a column is missing or has no text
   */
  public static PreparedRows of(
      PipelineSpecification specification, Dataset<Row> documents, List<InputColumn> keys) {
    return of(specification, documents, keys, List.of());
  }

  /**
   * Prepares documents with further columns at the end, which the walk does not read.
   *
   * @param marks names of these
   */
  public static PreparedRows of(
      PipelineSpecification specification,
      Dataset<Row> documents,
      List<InputColumn> keys,
      List<String> marks) {
    Columns columns = columns(specification, documents.schema(), keys);
    List<Column> selected = new ArrayList<>(columns.selected());
    marks.forEach(mark -> selected.add(functions.col(mark)));
    return new PreparedRows(
        documents.select(selected.toArray(Column[]::new)), columns.layout(), columns.output());
  }

  /** Returns the same with some of the rows. */
  public PreparedRows with(Dataset<Row> some) {
    return new PreparedRows(some, layout, output);
  }

  /** Returns the rows in the partitions that they are answered in; none is read yet. */
  public Dataset<Row> spread(RowSpread spread) {
    return spread.apply(rows, layout.keys(), layout.inputs().size());
  }

  /** Returns the columns that decide answers and go to the output, with their types. */
  public StructType read() {
    StructField[] fields = rows.schema().fields();
    int read = layout.keys() + layout.inputs().size() + layout.chosen();
    return new StructType(Arrays.copyOf(fields, read));
  }

  /**
   * Returns what tells a row from others, here and in the output.
   *
   * @param completions of each row
   */
  public RowIdentity identity(int completions) {
    return new RowIdentity(layout.keys(), layout.inputs().size(), layout.chosen(), completions);
  }

  /**
   * Returns what finds rows by their keys.
   *
   * @param keys the digits of each, as {@link io.sparkllama.job.prompt.RowKeys} derives them
   */
  public KeyFilter ofKeys(Set<String> keys) {
    return new KeyFilter(layout, keys);
  }

  /** Holds what the walk reads, where it stands in a row, and what the walk writes. */
  record Columns(List<Column> selected, RowLayout layout, StructType output) {}

  static Columns columns(
      PipelineSpecification specification, StructType schema, List<InputColumn> keys) {
    RowTask task = specification.task();
    List<Column> selected = new ArrayList<>();
    for (InputColumn key : keys) {
      add(selected, key);
    }
    List<String> inputs = inputs(specification, schema);
    if (keys.isEmpty() && inputs.isEmpty()) {
      throw new InvalidConfigurationException(
          "The prompt names no column, so no key can be derived: put {{ column }} into it, or name"
              + " input.key.");
    }
    for (RowPrompt prompt : task.prompts()) {
      if (prompt instanceof ChatPrompt chat) {
        chat.messagesColumn().ifPresent(column -> requireMessages(schema, column));
      }
    }
    specification.adapter().columnRead().ifPresent(column -> requireText(schema, column));
    for (String input : inputs) {
      add(selected, InputColumn.resolveValue(schema, input, specification.templateKeys()));
    }
    List<InputColumn> chosen = chosen(specification, schema, keys);
    chosen.forEach(column -> add(selected, column));
    Optional<InputColumn> gold =
        specification.gold().map(name -> InputColumn.resolveText(schema, name, "classify.gold"));
    gold.ifPresent(column -> add(selected, column));

    StructType output = OutputSchema.of(fields(keys), fields(chosen), task);
    RowLayout layout =
        new RowLayout(
            keys.size(),
            inputs,
            chosen.size(),
            gold.isPresent(),
            specification.spread().keysPrompts());
    return new Columns(selected, layout, output);
  }

  /**
   * Returns the columns that decide a row's answer: those of the prompts, and the one that names
   * its adapter, so that rows of equal prompts and different adapters are not taken for equal.
   */
  private static List<String> inputs(PipelineSpecification specification, StructType schema) {
    RowTask task = specification.task();
    return Stream.concat(
            task.names().stream()
                .filter(name -> !task.sets(name) || List.of(schema.fieldNames()).contains(name)),
            specification.adapter().columnRead().stream())
        .distinct()
        .toList();
  }

  private static void requireText(StructType schema, String name) {
    InputColumn column = InputColumn.resolve(schema, name, "prompt.adapter-column");
    if (!column.type().equals(DataTypes.StringType)) {
      throw new InvalidConfigurationException(
          "prompt.adapter-column needs a column of texts; "
              + name
              + " is of type "
              + column.type().simpleString());
    }
  }

  private static void requireMessages(StructType schema, String name) {
    InputColumn column = InputColumn.resolve(schema, name, "prompt.messages");
    boolean fits =
        column.type() instanceof ArrayType array
            && (array.elementType() instanceof MapType
                || (array.elementType() instanceof StructType message
                    && List.of(message.fieldNames()).containsAll(List.of("role", "content"))));
    if (!fits) {
      throw new InvalidConfigurationException(
          "prompt.messages needs a column of type array<struct<role:string,content:string>>; "
              + name
              + " is of type "
              + column.type().simpleString());
    }
  }

  private static List<InputColumn> chosen(
      PipelineSpecification specification, StructType schema, List<InputColumn> keys) {
    List<InputColumn> chosen = new ArrayList<>();
    for (String name : specification.outputColumns()) {
      InputColumn column = InputColumn.resolve(schema, name, "output.columns");
      if (keys.stream().noneMatch(key -> key.path().equals(column.path()))) {
        chosen.add(column);
      }
    }
    return chosen;
  }

  /** Columns get names of their own here, since one may serve as key, input and output. */
  private static void add(List<Column> selected, InputColumn column) {
    selected.add(column.column().as("c" + selected.size()));
  }

  private static List<StructField> fields(List<InputColumn> columns) {
    return columns.stream()
        .map(column -> new StructField(column.name(), column.type(), true, Metadata.empty()))
        .toList();
  }
}
