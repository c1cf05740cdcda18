package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Gives typed access to a file's metadata. A required key that is missing, and any key of a wrong
 * type or beyond its type's range, is a {@link ModelFormatException} that names the key and the
 * file. Integers may be written in any width.
 */
public final class GgufMetadata {
  /** Room for a list of what is supported. */
  private static final int MAX_PROBLEM = 600;

  private final String source;
  private final Map<String, MetadataValue> values;

  /**
   * Wraps values.
   *
   * @param source where they come from, for messages
   */
  public GgufMetadata(String source, Map<String, MetadataValue> values) {
    this.source = source;
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /** Returns where the values come from, for messages. */
  public String source() {
    return source;
  }

  /** Returns the keys in the file's order. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Returns a value of any type. */
  public Optional<MetadataValue> value(String key) {
    return Optional.ofNullable(values.get(key));
  }

  public String string(String key) {
    return optionalString(key).orElseThrow(() -> missing(key));
  }

  public Optional<String> optionalString(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof MetadataValue.StringValue string) {
      return Optional.of(string.value());
    }
    throw wrongType(key, value, "a string");
  }

  public boolean bool(String key) {
    return optionalBool(key).orElseThrow(() -> missing(key));
  }

  public Optional<Boolean> optionalBool(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof MetadataValue.BooleanValue bool) {
      return Optional.of(bool.value());
    }
    throw wrongType(key, value, "a bool");
  }

  public int integer(String key) {
    return optionalInteger(key).orElseThrow(() -> missing(key));
  }

  public OptionalInt optionalInteger(String key) {
    OptionalLong value = optionalLongInteger(key);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    if (value.getAsLong() != (int) value.getAsLong()) {
      throw outOfRange(key, value.getAsLong());
    }
    return OptionalInt.of((int) value.getAsLong());
  }

  public long longInteger(String key) {
    return optionalLongInteger(key).orElseThrow(() -> missing(key));
  }

  public OptionalLong optionalLongInteger(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return OptionalLong.empty();
    }
    if (value instanceof MetadataValue.IntegerValue integer) {
      if (integer.type() == MetadataType.UINT64 && integer.value() < 0) {
        throw outOfRange(key, value);
      }
      return OptionalLong.of(integer.value());
    }
    throw wrongType(key, value, "an integer");
  }

  public double floatingPoint(String key) {
    return optionalFloatingPoint(key).orElseThrow(() -> missing(key));
  }

  public OptionalDouble optionalFloatingPoint(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return OptionalDouble.empty();
    }
    if (value instanceof MetadataValue.FloatValue number) {
      return OptionalDouble.of(number.value());
    }
    throw wrongType(key, value, "a floating-point number");
  }

  public List<String> stringArray(String key) {
    return optionalStringArray(key).orElseThrow(() -> missing(key));
  }

  public Optional<List<String>> optionalStringArray(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (value instanceof MetadataValue.StringArray array) {
      return Optional.of(array.values());
    }
    throw wrongType(key, value, "an array of strings");
  }

  public int[] intArray(String key) {
    return optionalIntArray(key).orElseThrow(() -> missing(key));
  }

  public Optional<int[]> optionalIntArray(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!(value instanceof NumberArray array) || !array.elementType().isInteger()) {
      throw wrongType(key, value, "an array of integers");
    }
    int[] numbers = new int[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      long number = array.longAt(i);
      if (number != (int) number) {
        throw outOfRange(key, number);
      }
      numbers[i] = (int) number;
    }
    return Optional.of(numbers);
  }

  public float[] floatArray(String key) {
    return optionalFloatArray(key).orElseThrow(() -> missing(key));
  }

  public Optional<float[]> optionalFloatArray(String key) {
    MetadataValue value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!(value instanceof NumberArray array) || !array.elementType().isFloatingPoint()) {
      throw wrongType(key, value, "an array of floating-point numbers");
    }
    float[] numbers = new float[array.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) array.doubleAt(i);
    }
    return Optional.of(numbers);
  }

  /**
   * Returns the failure that says what is wrong with a key's value, for callers' own checks. The
   * problem may quote the file: it is cut short and kept on one line.
   */
  public ModelFormatException invalid(String key, String problem) {
    return new ModelFormatException(
        "metadata key "
            + MessageText.of(key)
            + " "
            + MessageText.of(problem, MAX_PROBLEM)
            + ": "
            + source);
  }

  private ModelFormatException missing(String key) {
    return new ModelFormatException("metadata key " + key + " is missing: " + source);
  }

  private ModelFormatException wrongType(String key, MetadataValue value, String expected) {
    String actual =
        value instanceof MetadataValue.ArrayValue array
            ? "array of " + array.elementType()
            : value.type().toString();
    return invalid(key, "must be " + expected + " but is of type " + actual);
  }

  private ModelFormatException outOfRange(String key, Object value) {
    return invalid(key, "is out of range (" + value + ")");
  }
}
