package io.sparkllama.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Reads a job file and the command line's {@code key=value} pairs.
 *
 * <p>The file is parsed and resolved by itself: no other jar's settings and no system property
 * reach it, and the environment only where the file says {@code ${?NAME}}.
 */
public final class JobFile {
  private static final String SPARK = "spark";

  private JobFile() {}

  /**
   * Reads, resolves and checks.
   *
   * @param overrides {@code key=value} each; they win over the file
   * @throws InvalidConfigurationException names the key, the value and what is allowed
   */
  public static ConfigValues read(Path file, List<String> overrides) {
    if (!Files.isRegularFile(file)) {
      throw new InvalidConfigurationException(
          "The job file does not exist or is no file: " + file.toAbsolutePath());
    }
    Config parsed;
    try {
      parsed =
          ConfigFactory.parseFile(
              file.toFile(),
              ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF).setAllowMissing(false));
    } catch (ConfigException wrong) {
      throw new InvalidConfigurationException(
          "The job file cannot be read: " + wrong.getMessage(), wrong);
    }
    return values(overlaid(parsed, overrides));
  }

  /** Reads a job file's text, as {@link #read} does with a file. */
  public static ConfigValues readText(String text, List<String> overrides) {
    try {
      return values(
          overlaid(
              ConfigFactory.parseString(
                  text, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.CONF)),
              overrides));
    } catch (ConfigException.Parse wrong) {
      throw new InvalidConfigurationException(
          "The job file cannot be read: " + wrong.getMessage(), wrong);
    }
  }

  private static Config overlaid(Config file, List<String> overrides) {
    Config overlay = ConfigFactory.empty();
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals < 1) {
        throw new InvalidConfigurationException(
            "An argument must have the form key=value: " + override);
      }
      String path = override.substring(0, equals).strip();
      overlay =
          overlay.withValue(quoted(path), overrideValue(path, override.substring(equals + 1)));
    }
    try {
      return overlay.withFallback(file).resolve();
    } catch (ConfigException wrong) {
      throw new InvalidConfigurationException(
          "The job file refers to a value that is not there: " + wrong.getMessage(), wrong);
    }
  }

  /** Quotes each part, so that an odd character gives "unknown key" and not a parser's trace. */
  private static String quoted(String path) {
    String[] parts = path.split("\\.", -1);
    return ConfigUtil.joinPath(parts);
  }

  /** Takes a text as it stands; in double quotes it is read as in a file, with its escapes. */
  private static ConfigValue overrideValue(String path, String text) {
    boolean plain =
        path.startsWith(SPARK + ".")
            || AllKeys.DECLARED.find(path).map(key -> key.type().text()).orElse(true);
    boolean inQuotes = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    if (plain && !inQuotes) {
      return ConfigValueFactory.fromAnyRef(text, "command line");
    }
    try {
      return ConfigFactory.parseString("value = " + text).resolve().getValue("value");
    } catch (ConfigException notHocon) {
      return ConfigValueFactory.fromAnyRef(text, "command line");
    }
  }

  private static ConfigValues values(Config config) {
    Map<ConfigKey<?>, Object> given = new HashMap<>();
    Map<String, String> spark = new TreeMap<>();
    List<String> unknown = new ArrayList<>();
    collect("", config.root(), given, spark, unknown);
    if (!unknown.isEmpty()) {
      String all =
          unknown.stream()
              .sorted()
              .map(path -> path + "." + NearestName.question(path, AllKeys.DECLARED.paths()))
              .collect(Collectors.joining(" "));
      throw new InvalidConfigurationException("Unknown key in the job file: " + all);
    }
    return new ConfigValues(given, spark);
  }

  private static void collect(
      String prefix,
      ConfigObject object,
      Map<ConfigKey<?>, Object> given,
      Map<String, String> spark,
      List<String> unknown) {
    for (Map.Entry<String, ConfigValue> entry : object.entrySet()) {
      String path = prefix + entry.getKey();
      ConfigValue value = entry.getValue();
      Optional<ConfigKey<?>> key = AllKeys.DECLARED.find(path);
      if (key.isPresent()) {
        given.put(key.get(), read(key.get(), value));
      } else if (path.equals(SPARK)) {
        Map<String, String> settings = ConfigType.options().reader().apply(value);
        if (settings == null) {
          throw new InvalidConfigurationException(
              "spark must be an object with plain values such as { master = \"local[2]\" }"
                  + origin(value));
        }
        for (Map.Entry<String, String> setting : settings.entrySet()) {
          if (setting.getKey().startsWith(SPARK + ".")) {
            throw new InvalidConfigurationException(
                "What is below spark has its spark. already, so that Spark would not know this one;"
                    + " leave the second away"
                    + origin(value)
                    + ": spark."
                    + setting.getKey());
          }
          spark.put(SPARK + "." + setting.getKey(), setting.getValue());
        }
      } else if (value instanceof ConfigObject section && AllKeys.DECLARED.isSection(path)) {
        collect(path + ".", section, given, spark, unknown);
      } else {
        unknown.add(path);
      }
    }
  }

  private static Object read(ConfigKey<?> key, ConfigValue value) {
    Object read =
        value.valueType() == ConfigValueType.NULL ? null : key.type().reader().apply(value);
    if (read == null) {
      throw new InvalidConfigurationException(
          key.path() + " must be " + key.type().allowed() + origin(value) + ": " + shown(value));
    }
    return read;
  }

  private static String origin(ConfigValue value) {
    int line = value.origin().lineNumber();
    return line < 0 ? "" : " (line " + line + ")";
  }

  private static String shown(ConfigValue value) {
    String text = value.render(com.typesafe.config.ConfigRenderOptions.concise());
    return text.length() > 200 ? text.substring(0, 200) + "…" : text;
  }
}
