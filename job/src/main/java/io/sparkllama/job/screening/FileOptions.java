package io.sparkllama.job.screening;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Holds the options of a file format, by names without regard to capitals, and refuses those that
 * would lose rows without a word or that screening itself needs.
 */
final class FileOptions {
  /** Formats whose input is a list of files; others keep a list of their own, or have none. */
  private static final Set<String> FILE_FORMATS =
      Set.of("parquet", "orc", "json", "csv", "text", "xml", "avro", "binaryfile");

  /** Formats of text that parse line by line and can say which record does not parse. */
  private static final Set<String> PARSED = Set.of("json", "csv", "xml");

  private final String format;
  private final Map<String, String> options = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  /**
   * @throws InvalidConfigurationException names the option
   */
  FileOptions(String format, Map<String, String> given) {
    this.format = format.toLowerCase(Locale.ROOT);
    options.putAll(given);
    refuse(
        "ignoreCorruptFiles",
        "drops rows without a word; files that cannot be read are set aside anyway");
    refuse(
        "ignoreMissingFiles", "drops rows without a word; files that go away are left out anyway");
    for (String name : new String[] {"modifiedAfter", "modifiedBefore"}) {
      if (options.containsKey(name)) {
        throw new InvalidConfigurationException(
            "input.options must not hold "
                + name
                + ": a run knows which files it has taken, however old they are; leave it out.");
      }
    }
    if (options.containsKey("columnNameOfCorruptRecord") && parses()) {
      throw new InvalidConfigurationException(
          "input.options must not hold columnNameOfCorruptRecord: records that do not parse are set"
              + " aside; leave it out.");
    }
    if ("DROPMALFORMED".equalsIgnoreCase(options.get("mode")) && parses()) {
      throw new InvalidConfigurationException(
          "input.options.mode must not be DROPMALFORMED, which drops rows without a word: leave it"
              + " out, and records that do not parse are set aside.");
    }
  }

  /** Tells whether a format's input is a list of files. */
  static boolean isFileFormat(String format) {
    return FILE_FORMATS.contains(format.toLowerCase(Locale.ROOT));
  }

  String format() {
    return format;
  }

  /** Tells whether a record may fail to parse by itself. */
  boolean parses() {
    return PARSED.contains(format);
  }

  /** Tells whether folders are entered that give no columns. */
  boolean recursive() {
    return Boolean.parseBoolean(options.get("recursiveFileLookup"));
  }

  /** Returns a pattern that the names of files must match. */
  Optional<String> fileNames() {
    return Optional.ofNullable(options.get("pathGlobFilter"));
  }

  /** Returns the folder below which folders give columns, where the user names it. */
  Optional<String> base() {
    return Optional.ofNullable(options.get("basePath"));
  }

  /** Returns the options as the user gave them. */
  Map<String, String> given() {
    Map<String, String> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    copy.putAll(options);
    return copy;
  }

  private void refuse(String name, String why) {
    if (Boolean.parseBoolean(options.get(name))) {
      throw new InvalidConfigurationException(
          "input.options must not hold " + name + ", which " + why + "; leave it out.");
    }
  }
}
