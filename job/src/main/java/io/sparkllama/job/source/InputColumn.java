package io.sparkllama.job.source;

import static org.apache.spark.sql.functions.col;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.NearestName;
import io.sparkllama.job.prompt.ColumnText;
import io.sparkllama.job.prompt.ColumnValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Finds a column of the input by the name that the job file gives it.
 *
 * @param path as the input writes it: the column, then fields of structs
 * @param column that reads it
 */
public record InputColumn(List<String> path, Column column, DataType type) {
  public InputColumn {
    path = List.copyOf(path);
  }

  /** Returns the column's own name, without the structs around it. */
  public String name() {
    return path.get(path.size() - 1);
  }

  /**
   * Resolves a name: the column so called, else a field of a struct by its dotted path. Capitals
   * matter only where two columns differ by nothing else.
   *
   * @param key of the job file that names the column
   * @throws InvalidConfigurationException names the columns there are
   */
  public static InputColumn resolve(StructType schema, String name, String key) {
    InputColumn found = find(schema, name, List.of(), null);
    if (found == null) {
      List<String> names = Arrays.asList(schema.fieldNames());
      throw new InvalidConfigurationException(
          key
              + " names a column that the input has not: "
              + name
              + "."
              + NearestName.question(name, names)
              + " The input has "
              + (names.isEmpty() ? "no columns" : String.join(", ", names))
              + ".");
    }
    return found;
  }

  /** Resolves a column whose values a template can compute with. */
  public static InputColumn resolveValue(StructType schema, String name, String key) {
    InputColumn found = resolve(schema, name, key);
    if (!ColumnValue.supports(found.type())) {
      throw new InvalidConfigurationException(
          key
              + " needs columns of texts, numbers, booleans, dates or times, or lists, maps and"
              + " structs of these; "
              + name
              + " is of type "
              + found.type().simpleString()
              + ". Make it a text in the input.");
    }
    return found;
  }

  /** Resolves a column whose values a key or a label can hold as text. */
  public static InputColumn resolveText(StructType schema, String name, String key) {
    InputColumn found = resolve(schema, name, key);
    if (!ColumnText.renders(found.type())) {
      throw new InvalidConfigurationException(
          key
              + " needs a column of texts, numbers, booleans, dates or times; "
              + name
              + " is of type "
              + found.type().simpleString()
              + ". Make it a text in the input.");
    }
    return found;
  }

  private static InputColumn find(
      StructType schema, String name, List<String> outerPath, Column parent) {
    StructField field = field(schema, name);
    if (field != null) {
      Column column =
          parent == null
              ? col("`" + field.name().replace("`", "``") + "`")
              : parent.getField(field.name());
      return new InputColumn(below(outerPath, field), column, field.dataType());
    }
    for (int dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
      StructField outer = field(schema, name.substring(0, dot));
      if (outer != null && outer.dataType() instanceof StructType inner) {
        Column column =
            parent == null
                ? col("`" + outer.name().replace("`", "``") + "`")
                : parent.getField(outer.name());
        return find(inner, name.substring(dot + 1), below(outerPath, outer), column);
      }
    }
    return null;
  }

  private static List<String> below(List<String> outerPath, StructField field) {
    List<String> path = new ArrayList<>(outerPath);
    path.add(field.name());
    return path;
  }

  private static StructField field(StructType schema, String name) {
    StructField similar = null;
    int similarCount = 0;
    for (StructField field : schema.fields()) {
      if (field.name().equals(name)) {
        return field;
      }
      if (field.name().equalsIgnoreCase(name)) {
        similar = field;
        similarCount++;
      }
    }
    return similarCount == 1 ? similar : null;
  }
}
