package io.sparkllama.job.sink;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Says what an output was made with, so that a later run adds to it only what this one would have
 * written.
 *
 * @param modelSha256 of the model's files
 * @param date that templates saw
 * @param columns of the output, and those it was made of, with their types, as Spark writes them
 * @param settings that decide what stands in the output, by the paths of their keys
 */
public record Fingerprint(
    String modelSha256, LocalDate date, String columns, Map<String, JsonNode> settings) {
  /** Rises where the same settings come to mean something else, such as by another default. */
  private static final int VERSION = 1;

  private static final int NAME_BYTES = 6;

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS); // equal maps have equal names

  public Fingerprint {
    settings = Map.copyOf(settings);
  }

  /**
   * Makes the fingerprint of a run.
   *
   * @param settings plain values: texts, numbers, booleans, lists and maps
   */
  public static Fingerprint of(
      String modelSha256, LocalDate date, String columns, Map<String, ?> settings) {
    try {
      // Written and read once, so that numbers compare as a file's do.
      JsonNode tree = JSON.readTree(JSON.writeValueAsString(settings));
      return new Fingerprint(modelSha256, date, columns, fields(tree));
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException("Settings are plain values.", impossible);
    }
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @param name of the file, for messages
   * @throws InvalidConfigurationException where it is something else
   */
  public static Fingerprint parse(String json, String name) {
    try {
      JsonNode tree = JSON.readTree(json);
      if (tree.path("version").asInt() != VERSION) {
        throw new InvalidConfigurationException(
            "The output was made by another release of spark-llama, which this one cannot go on"
                + " with; use that release, or write somewhere else: "
                + name);
      }
      return new Fingerprint(
          tree.path("model-sha256").asText(),
          LocalDate.parse(tree.path("date").asText()),
          tree.path("columns").asText(),
          fields(tree.path("settings")));
    } catch (JsonProcessingException | DateTimeParseException wrong) {
      throw new InvalidConfigurationException(
          "The file that says what the output was made with is damaged, so that no run can go on"
              + " with it; write somewhere else, or begin anew with output.mode = overwrite: "
              + name,
          wrong);
    }
  }

  /** Returns it as it stands beside the output's files, for people too. */
  public String json() {
    ObjectNode object = JSON.createObjectNode();
    object.put("version", VERSION);
    object.put("model-sha256", modelSha256);
    object.put("date", date.toString());
    object.put("columns", columns);
    ObjectNode inOrder = object.putObject("settings");
    new TreeSet<>(settings.keySet()).forEach(key -> inOrder.set(key, settings.get(key)));
    return object.toPrettyString() + "\n";
  }

  /** Returns the same of another day. */
  public Fingerprint on(LocalDate day) {
    return new Fingerprint(modelSha256, day, columns, settings);
  }

  /** Returns a short name, which two fingerprints share only where they are equal. */
  public String name() {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(json().getBytes(StandardCharsets.UTF_8));
      return "v" + VERSION + "-" + HexFormat.of().formatHex(digest, 0, NAME_BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }

  /** Names what another one has otherwise. */
  public List<String> differences(Fingerprint now) {
    Set<String> keys = new TreeSet<>(settings.keySet());
    keys.addAll(now.settings.keySet());
    keys.removeIf(key -> java.util.Objects.equals(settings.get(key), now.settings.get(key)));
    List<String> differing = new ArrayList<>(keys);
    if (!modelSha256.equals(now.modelSha256)) {
      differing.add("the model (SHA-256 " + modelSha256 + ")");
    }
    if (!date.equals(now.date)) {
      differing.add("prompt.date (" + date + ")");
    }
    if (differing.isEmpty() && !columns.equals(now.columns)) {
      differing.add("the columns (" + columns + ")");
    }
    return differing;
  }

  /**
   * Refuses to go on with an output that was made with something else.
   *
   * @param now what this run has
   * @throws InvalidConfigurationException names what differs
   */
  public void refuseOther(Fingerprint now) {
    List<String> differing = differences(now);
    if (!differing.isEmpty()) {
      throw new InvalidConfigurationException(
          "The output was made with another configuration, and this run would add rows that others"
              + " do not go with; give back what differs, write somewhere else, begin anew with"
              + " output.mode = overwrite, or answer all rows once more beside the old ones with"
              + " output.changed = redo. It had another value of: "
              + String.join(", ", differing));
    }
  }

  private static Map<String, JsonNode> fields(JsonNode tree) {
    Map<String, JsonNode> fields = new java.util.TreeMap<>();
    tree.fields().forEachRemaining(field -> fields.put(field.getKey(), field.getValue()));
    return fields;
  }
}
