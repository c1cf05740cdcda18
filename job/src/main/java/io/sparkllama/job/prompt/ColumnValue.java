package io.sparkllama.job.prompt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Turns a column's value into what templates compute with: strings, numbers, booleans, null, lists,
 * and maps for structs and maps. Decimals, dates and times are their text, as {@link ColumnText}
 * writes it.
 */
public final class ColumnValue {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ColumnValue() {}

  /** Says whether values of a type can stand in a template; bytes and the like cannot. */
  public static boolean supports(DataType type) {
    if (type instanceof ArrayType array) {
      return supports(array.elementType());
    }
    if (type instanceof MapType map) {
      return ColumnText.renders(map.keyType()) && supports(map.valueType());
    }
    if (type instanceof StructType struct) {
      for (StructField field : struct.fields()) {
        if (!supports(field.dataType())) {
          return false;
        }
      }
      return true;
    }
    return type instanceof NullType || ColumnText.renders(type);
  }

  /** Returns the value for a template. */
  public static Object of(Object value) {
    if (value instanceof Row || value instanceof scala.collection.Iterable<?>) {
      return nested(value, ColumnValue::of);
    }
    if (value instanceof Byte
        || value instanceof Short
        || value instanceof Integer
        || value instanceof Long) {
      return ((Number) value).longValue();
    }
    if (value instanceof Float number) {
      // The number that prints with the same digits.
      return Float.isFinite(number)
          ? Double.parseDouble(ColumnText.of(number))
          : number.doubleValue();
    }
    if (value instanceof Boolean || value instanceof Double || value == null) {
      return value;
    }
    return ColumnText.of(value);
  }

  /** Returns the text that a key hashes: a plain value's own, or JSON of such texts; or null. */
  public static String keyText(Object value) {
    if (!(value instanceof Row || value instanceof scala.collection.Iterable<?>)) {
      return ColumnText.of(value);
    }
    try {
      return JSON.writeValueAsString(keyTexts(value));
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("Lists and maps of texts have a JSON form", impossible);
    }
  }

  private static Object keyTexts(Object value) {
    return value instanceof Row || value instanceof scala.collection.Iterable<?>
        ? nested(value, ColumnValue::keyTexts)
        : ColumnText.of(value);
  }

  private interface Conversion {
    Object of(Object value);
  }

  private static Object nested(Object value, Conversion conversion) {
    if (value instanceof Row row) {
      Map<String, Object> fields = new LinkedHashMap<>();
      for (int i = 0; i < row.size(); i++) {
        fields.put(row.schema().fields()[i].name(), conversion.of(row.get(i)));
      }
      return fields;
    }
    if (value instanceof scala.collection.Map<?, ?> map) {
      // Spark's maps come in an order that depends on their size: here they have the keys' order.
      Map<String, Object> entries = new TreeMap<>();
      CollectionConverters.asJava(map)
          .forEach((key, entry) -> entries.put(ColumnText.of(key), conversion.of(entry)));
      return entries;
    }
    List<Object> items = new ArrayList<>();
    for (Object item : CollectionConverters.asJava((scala.collection.Iterable<?>) value)) {
      items.add(conversion.of(item));
    }
    return items;
  }
}
