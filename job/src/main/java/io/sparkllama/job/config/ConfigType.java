package io.sparkllama.job.config;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.sparkllama.engine.api.DeviceChoice;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads one kind of configuration value and says what it allows.
 *
 * @param name as it stands in the reference page
 * @param allowed completes the sentence "must be …"
 * @param reader returns null for a value that is not allowed
 * @param text whether a command line's value is taken as it stands, without reading it as HOCON
 */
public record ConfigType<T>(
    String name, String allowed, Function<ConfigValue, T> reader, boolean text) {

  /** Takes any text but the empty one. */
  public static ConfigType<String> string() {
    return new ConfigType<>(
        "text",
        "a text that is not empty",
        value -> {
          String text = scalarText(value);
          return text == null || text.isEmpty() ? null : text;
        },
        true);
  }

  /** Takes whole numbers within both bounds. */
  public static ConfigType<Long> wholeNumber(long least, long most) {
    String range =
        most == Long.MAX_VALUE
            ? least == Long.MIN_VALUE ? "" : " of at least " + least
            : " between " + least + " and " + most;
    return new ConfigType<>(
        "whole number",
        "a whole number" + range,
        value -> {
          Long number = wholeNumber(value);
          return number == null || number < least || number > most ? null : number;
        },
        false);
  }

  /** Takes whole numbers within both bounds that fit 32 bits. */
  public static ConfigType<Integer> integer(int least, int most) {
    return wholeNumber(least, most).map(Long::intValue);
  }

  /** Takes true and false. */
  public static ConfigType<Boolean> truth() {
    return new ConfigType<>(
        "true or false",
        "true or false",
        value -> {
          String text = scalarText(value);
          return "true".equals(text) ? Boolean.TRUE : "false".equals(text) ? Boolean.FALSE : null;
        },
        false);
  }

  /** Takes numbers that {@code range} describes. */
  public static ConfigType<Double> number(String range, Function<Double, Boolean> within) {
    return new ConfigType<>(
        "number",
        "a number " + range,
        value -> {
          Double number = number(value);
          return number == null || !within.apply(number) ? null : number;
        },
        false);
  }

  /** Takes sizes in bytes, plain or with a unit: {@code 512m}, {@code 2GiB}. */
  public static ConfigType<Long> bytes() {
    return new ConfigType<>(
        "size",
        "a size in bytes such as 512m or 2GiB",
        value -> {
          try {
            long size = value.atKey("size").getBytes("size");
            return size < 0 ? null : size;
          } catch (ConfigException wrong) {
            return null;
          }
        },
        true);
  }

  /** Takes sizes in bytes, as {@link #bytes} does, and shares such as {@code 50%}. */
  public static ConfigType<SizeOrShare> sizeOrShare() {
    ConfigType<Long> size = bytes();
    ConfigType<Double> percent =
        number("above 0 and at most 100", number -> number > 0 && number <= 100);
    return new ConfigType<>(
        "size or share",
        "a size in bytes such as 512m or 2GiB, or a share above 0% and at most 100% such as 50%",
        value -> {
          String text = scalarText(value);
          if (text != null && text.endsWith("%")) {
            String before = text.substring(0, text.length() - 1);
            Double share = percent.reader().apply(ConfigValueFactory.fromAnyRef(before));
            return share == null ? null : new SizeOrShare.Share(share);
          }
          Long bytes = size.reader().apply(value);
          return bytes == null ? null : new SizeOrShare.Size(bytes);
        },
        true);
  }

  /** Takes the constants of an enumeration, written in kebab-case. */
  public static <E extends Enum<E>> ConfigType<E> oneOf(Class<E> constants) {
    String names =
        Arrays.stream(constants.getEnumConstants())
            .map(ConfigType::kebab)
            .collect(Collectors.joining(", "));
    return new ConfigType<>(
        "one of " + names,
        "one of " + names,
        value -> {
          String text = scalarText(value);
          return Arrays.stream(constants.getEnumConstants())
              .filter(constant -> kebab(constant).equals(text))
              .findFirst()
              .orElse(null);
        },
        true);
  }

  /** Takes {@code auto}, {@code cpu}, {@code cuda} and {@code cuda:N}. */
  public static ConfigType<DeviceChoice> device() {
    String names = "auto, cpu, cuda, or cuda:N for one of several";
    return new ConfigType<>(
        "one of " + names,
        "one of " + names,
        value -> {
          String text = scalarText(value);
          return text == null ? null : DeviceChoice.of(text).orElse(null);
        },
        true);
  }

  /** Takes a list of texts; a single text is a list of one. */
  public static ConfigType<List<String>> strings() {
    return listOf("list of texts", "a list of texts", string());
  }

  /** Takes a list of whole numbers; a single one is a list of one. */
  public static ConfigType<List<Integer>> integers(int least, int most) {
    return listOf(
        "list of whole numbers",
        "a list of whole numbers between " + least + " and " + most,
        integer(least, most));
  }

  /**
   * Takes a list of adapters: objects with {@code name}, {@code path}, and where wanted {@code
   * scale} and {@code sha256}; a single one is a list of one. Names differ.
   */
  public static ConfigType<List<AdapterSetting>> adapters() {
    ConfigType<List<AdapterSetting>> list =
        listOf(
            "list of objects",
            "a list of objects, each with a name of its own and a path, such as { name = formal,"
                + " path = \"/models/formal.gguf\" }, and where wanted scale and sha256",
            new ConfigType<>("object", "an object", ConfigType::adapter, false));
    return list.map(
        all -> all.stream().map(AdapterSetting::name).distinct().count() < all.size() ? null : all);
  }

  private static AdapterSetting adapter(ConfigValue value) {
    if (!(value instanceof ConfigObject object)
        || !Set.of("name", "path", "scale", "sha256").containsAll(object.keySet())) {
      return null;
    }
    String name = object.get("name") == null ? null : scalarText(object.get("name"));
    String path = object.get("path") == null ? null : scalarText(object.get("path"));
    String sha256 = object.get("sha256") == null ? "" : scalarText(object.get("sha256"));
    Double scale = object.get("scale") == null ? Double.valueOf(1) : number(object.get("scale"));
    return name == null
            || name.isBlank()
            || path == null
            || path.isEmpty()
            || sha256 == null
            || scale == null
        ? null
        : new AdapterSetting(
            name, path, Optional.of(sha256).filter(text -> !text.isEmpty()), scale);
  }

  /** Takes an object of any keys with plain values, read as texts. */
  public static ConfigType<Map<String, String>> options() {
    return new ConfigType<>(
        "object of texts",
        "an object with plain values such as { header = true }",
        value -> {
          if (!(value instanceof ConfigObject object)) {
            return null;
          }
          Map<String, String> options = new TreeMap<>();
          for (Map.Entry<String, ConfigValue> entry : object.toConfig().entrySet()) {
            String text = scalarText(entry.getValue());
            if (text == null) {
              return null;
            }
            options.put(String.join(".", ConfigUtil.splitPath(entry.getKey())), text);
          }
          return options;
        },
        false);
  }

  /** Takes an object of at most so many token ids with numbers between -100 and 100. */
  public static ConfigType<Map<Integer, Double>> biases(int most) {
    ConfigType<Integer> id = integer(0, Integer.MAX_VALUE);
    ConfigType<Double> bias = number("", number -> number >= -100 && number <= 100);
    return new ConfigType<>(
        "object of numbers",
        "an object of at most "
            + most
            + " token ids, each once, with numbers between -100 and 100 such as { \"15\" = -100 }",
        value -> {
          if (!(value instanceof ConfigObject object) || object.size() > most) {
            return null;
          }
          Map<Integer, Double> biases = new TreeMap<>();
          for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
            Integer key = id.reader().apply(ConfigValueFactory.fromAnyRef(entry.getKey()));
            Double number = bias.reader().apply(entry.getValue());
            if (key == null || number == null || biases.put(key, number) != null) {
              return null;
            }
          }
          return biases;
        },
        false);
  }

  /**
   * Takes an object of any keys with any values: texts, numbers, booleans, null, lists, objects.
   */
  public static ConfigType<Map<String, Object>> values() {
    return new ConfigType<>(
        "object",
        "an object such as { enable_thinking = false }",
        value -> value instanceof ConfigObject object ? sorted(object.unwrapped()) : null,
        false);
  }

  /** Orders keys: HOCON's objects have no order that would be the same on every run. */
  private static Map<String, Object> sorted(Map<String, Object> object) {
    Map<String, Object> sorted = new LinkedHashMap<>();
    new TreeMap<>(object).forEach((key, value) -> sorted.put(key, sortedValue(value)));
    return sorted;
  }

  @SuppressWarnings("unchecked")
  private static Object sortedValue(Object value) {
    if (value instanceof Map<?, ?> map) {
      return sorted((Map<String, Object>) map);
    }
    if (value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      list.forEach(item -> items.add(sortedValue(item)));
      return items;
    }
    return value;
  }

  /** Takes dates as ISO 8601 writes them. */
  public static ConfigType<LocalDate> date() {
    return new ConfigType<>(
        "date",
        "a date such as 2026-01-31",
        value -> {
          try {
            String text = scalarText(value);
            return text == null ? null : LocalDate.parse(text);
          } catch (DateTimeParseException wrong) {
            return null;
          }
        },
        true);
  }

  private <U> ConfigType<U> map(Function<T, U> conversion) {
    return new ConfigType<>(
        name,
        allowed,
        value -> {
          T read = reader.apply(value);
          return read == null ? null : conversion.apply(read);
        },
        text);
  }

  private static <U> ConfigType<List<U>> listOf(String name, String allowed, ConfigType<U> item) {
    return new ConfigType<>(
        name,
        allowed,
        value -> {
          List<ConfigValue> values =
              value instanceof com.typesafe.config.ConfigList list ? list : List.of(value);
          List<U> items = new ArrayList<>(values.size());
          for (ConfigValue one : values) {
            U read = item.reader().apply(one);
            if (read == null) {
              return null;
            }
            items.add(read);
          }
          return List.copyOf(items);
        },
        false);
  }

  /** Returns how a value is written in a job file. */
  static String written(Object value) {
    if (value instanceof Enum<?> constant) {
      return kebab(constant);
    }
    if (value instanceof List<?> list) {
      return list.stream().map(ConfigType::written).collect(Collectors.joining(", ", "[", "]"));
    }
    if (value instanceof Map<?, ?> map && map.isEmpty()) {
      return "{}";
    }
    return String.valueOf(value);
  }

  private static String kebab(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String scalarText(ConfigValue value) {
    return switch (value.valueType()) {
      case STRING, NUMBER, BOOLEAN -> String.valueOf(value.unwrapped());
      default -> null;
    };
  }

  private static Long wholeNumber(ConfigValue value) {
    if (value.valueType() == ConfigValueType.NUMBER
        || value.valueType() == ConfigValueType.STRING) {
      try {
        return Long.valueOf(String.valueOf(value.unwrapped()).strip());
      } catch (NumberFormatException wrong) {
        return null;
      }
    }
    return null;
  }

  private static Double number(ConfigValue value) {
    if (value.valueType() == ConfigValueType.NUMBER
        || value.valueType() == ConfigValueType.STRING) {
      try {
        Double number = Double.valueOf(String.valueOf(value.unwrapped()).strip());
        return Double.isFinite(number) ? number : null;
      } catch (NumberFormatException wrong) {
        return null;
      }
    }
    return null;
  }
}
