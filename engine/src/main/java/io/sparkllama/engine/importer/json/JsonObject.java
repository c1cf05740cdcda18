package io.sparkllama.engine.importer.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Reads values of a JSON object by name, and refuses what has another type. A value of {@code null}
 * counts as absent, as it does where these files are written.
 */
public final class JsonObject {
  /** The largest in use, a tokenizer of 262,144 tokens, has 33 MB. */
  private static final long MOST_BYTES = 128 << 20;

  /** That tokenizer has 2.3 million; a value takes up to a hundred bytes of memory. */
  private static final long MOST_VALUES = 8_000_000;

  private static final int MOST_NESTING = 64;
  private static final int MOST_TEXT = 4 << 20;

  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MOST_NESTING)
                          .maxStringLength(MOST_TEXT)
                          .maxTokenCount(MOST_VALUES)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final ObjectNode node;
  private final Path path;
  private final String place; // names of the objects around this one, each with a dot after it

  private JsonObject(ObjectNode node, Path path, String place) {
    this.node = node;
    this.path = path;
    this.place = place;
  }

  /**
   * Reads a file that must hold one object.
   *
   * @throws ModelFormatException where it does not
   */
  public static JsonObject read(Path path) throws IOException {
    long size = Files.size(path);
    if (size > MOST_BYTES) {
      throw new ModelFormatException(
          "the file is larger than the " + MOST_BYTES + " bytes that are read: " + path);
    }
    try (var input = Files.newInputStream(path)) {
      if (JSON.readTree(input) instanceof ObjectNode object) {
        return new JsonObject(object, path, "");
      }
      throw new ModelFormatException("the file must hold one JSON object: " + path);
    } catch (CharConversionException e) {
      throw new ModelFormatException("the file is not text in UTF-8: " + path, e);
    } catch (JsonProcessingException e) {
      throw new ModelFormatException("the file is not JSON as expected, " + reason(e) + path, e);
    }
  }

  /** Makes an object of values that this program chose. */
  public static JsonObject of(Map<String, ?> values, Path path) {
    return new JsonObject(JSON.valueToTree(values), path, "");
  }

  /** Says where and why without quoting the file. */
  static String reason(JsonProcessingException e) {
    String where =
        e.getLocation() == null
            ? ""
            : "line " + e.getLocation().getLineNr() + " column " + e.getLocation().getColumnNr();
    String what = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("");
    String short120 = what.length() > 120 ? what.substring(0, 120) + "…" : what;
    return where + " (" + short120.replaceAll("\\p{Cntrl}", "?") + "): ";
  }

  /** Returns the file that the object stands in. */
  public Path path() {
    return path;
  }

  public boolean has(String name) {
    return value(name).isPresent();
  }

  public List<String> names() {
    return node.properties().stream().map(Map.Entry::getKey).toList();
  }

  public String text(String name) {
    return optionalText(name).orElseThrow(() -> missing(name));
  }

  public Optional<String> optionalText(String name) {
    return value(name)
        .map(
            value -> {
              require(value.isTextual(), name, "must be a text");
              return value.textValue();
            });
  }

  public int integer(String name) {
    return optionalInteger(name).orElseThrow(() -> missing(name));
  }

  public OptionalInt optionalInteger(String name) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return OptionalInt.empty();
    }
    // Some writers put whole numbers as 8192.0.
    double number = value.get().doubleValue();
    require(
        value.get().isNumber() && number == Math.rint(number) && Math.abs(number) < 1L << 31,
        name,
        "must be a whole number of 32 bits");
    return OptionalInt.of((int) number);
  }

  public double real(String name) {
    return optionalReal(name).orElseThrow(() -> missing(name));
  }

  public OptionalDouble optionalReal(String name) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return OptionalDouble.empty();
    }
    double number = value.get().doubleValue();
    require(
        value.get().isNumber() && !Double.isNaN(number) && !Double.isInfinite(number),
        name,
        "must be a number");
    return OptionalDouble.of(number);
  }

  /** Returns a number that is above 0 and finite, in 32 bits too. */
  public double positive(String name) {
    return optionalPositive(name).orElseThrow(() -> missing(name));
  }

  /** Returns a number that is above 0 and finite, in 32 bits too. */
  public OptionalDouble optionalPositive(String name) {
    OptionalDouble number = optionalReal(name);
    if (number.isPresent()) {
      float single = (float) number.getAsDouble();
      require(
          single > 0 && Float.isFinite(single),
          name,
          "must be positive, and a number of 32 bits, but is " + number.getAsDouble());
    }
    return number;
  }

  public Optional<Boolean> optionalBool(String name) {
    return value(name)
        .map(
            value -> {
              require(value.isBoolean(), name, "must be true or false");
              return value.booleanValue();
            });
  }

  public Optional<JsonObject> optionalObject(String name) {
    return value(name)
        .map(
            value -> {
              require(value.isObject(), name, "must be an object");
              return child(value, name);
            });
  }

  public JsonObject object(String name) {
    return optionalObject(name).orElseThrow(() -> missing(name));
  }

  /** Returns the objects of an array; none where it is absent. */
  public List<JsonObject> objects(String name) {
    List<JsonObject> objects = new ArrayList<>();
    for (JsonNode element : elements(name)) {
      require(element.isObject(), name, "must be an array of objects");
      objects.add(child(element, name + "[" + objects.size() + "]"));
    }
    return objects;
  }

  /** Returns the texts of an array; none where it is absent. */
  public List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : elements(name)) {
      require(element.isTextual(), name, "must be an array of texts");
      texts.add(element.textValue());
    }
    return texts;
  }

  /** Returns the numbers of an array; none where it is absent. */
  public float[] reals(String name) {
    List<Float> numbers = new ArrayList<>();
    for (JsonNode element : elements(name)) {
      require(
          element.isNumber() && Float.isFinite(element.floatValue()),
          name,
          "must be an array of numbers");
      numbers.add(element.floatValue());
    }
    float[] array = new float[numbers.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = numbers.get(i);
    }
    return array;
  }

  /** Returns the whole numbers of an array; none where it is absent. */
  public int[] wholeNumbers(String name) {
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode element : elements(name)) {
      require(element.isInt(), name, "must be an array of whole numbers of 32 bits");
      numbers.add(element.intValue());
    }
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Returns an array of pairs of texts; {@code "a b"} counts as one, as older files have it. */
  public List<List<String>> pairs(String name) {
    List<List<String>> pairs = new ArrayList<>();
    for (JsonNode element : elements(name)) {
      if (element.isTextual()) {
        String[] words = element.textValue().split(" ", -1);
        require(words.length == 2, name, "must hold texts of two words");
        pairs.add(List.of(words));
      } else {
        require(
            element.size() == 2 && element.get(0).isTextual() && element.get(1).isTextual(),
            name,
            "must be an array of pairs of texts");
        pairs.add(List.of(element.get(0).textValue(), element.get(1).textValue()));
      }
    }
    return pairs;
  }

  /** Returns an object whose values are whole numbers, in the file's order. */
  public Map<String, Integer> integers(String name) {
    JsonObject object = object(name);
    Map<String, Integer> numbers = new LinkedHashMap<>();
    object.names().forEach(key -> numbers.put(key, object.integer(key)));
    return numbers;
  }

  public boolean isArray(String name) {
    return value(name).map(JsonNode::isArray).orElse(false);
  }

  public boolean isText(String name) {
    return value(name).map(JsonNode::isTextual).orElse(false);
  }

  /** Returns the refusal of a value. */
  public ModelFormatException invalid(String name, String problem) {
    return new ModelFormatException("the key " + place + name + " " + problem + ": " + path);
  }

  private ModelFormatException missing(String name) {
    return invalid(name, "is missing");
  }

  private Iterable<JsonNode> elements(String name) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return List.of();
    }
    require(value.get().isArray(), name, "must be an array");
    return value.get();
  }

  private Optional<JsonNode> value(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  private JsonObject child(JsonNode value, String name) {
    return new JsonObject((ObjectNode) value, path, place + name + ".");
  }

  private void require(boolean holds, String name, String rule) {
    if (!holds) {
      throw invalid(name, rule);
    }
  }
}
