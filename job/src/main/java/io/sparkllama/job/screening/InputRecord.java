package io.sparkllama.job.screening;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.source.SourceSpecification;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/**
 * Is what an intake keeps of its input for those that come after.
 *
 * @param format and options by which the input was read
 * @param columns that it was read by
 * @param files that the intake saw
 * @param setAside rows
 */
public record InputRecord(
    String format,
    Map<String, String> options,
    StructType columns,
    List<FileRecord> files,
    long setAside) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public InputRecord {
    options = Map.copyOf(options);
    files = List.copyOf(files);
  }

  /** Tells whether the columns hold for a source: it is read in the same way. */
  public boolean isReadAs(SourceSpecification source) {
    return format.equalsIgnoreCase(source.format()) && options.equals(source.options());
  }

  /** Returns it as a manifest has it. */
  public ObjectNode json() {
    ObjectNode object = JSON.createObjectNode();
    object.put("format", format);
    ObjectNode given = object.putObject("options");
    new TreeMap<>(options).forEach(given::put);
    object.put("columns", columns.json());
    object.put("set-aside", setAside);
    ArrayNode list = object.putArray("files");
    files.forEach(file -> file.put(list.addObject()));
    return object;
  }

  /**
   * Reads what {@link #json} wrote.
   *
   * @param manifest its name, for messages
   * @throws InvalidConfigurationException where it is something else
   */
  public static InputRecord parse(JsonNode tree, String manifest) {
    try {
      if (DataType.fromJson(tree.path("columns").asText()) instanceof StructType columns
          && tree.path("options").isObject()
          && tree.path("files").isArray()) {
        Map<String, String> options = new TreeMap<>();
        tree.path("options")
            .fields()
            .forEachRemaining(option -> options.put(option.getKey(), option.getValue().asText()));
        List<FileRecord> files = new ArrayList<>();
        tree.path("files").forEach(file -> files.add(FileRecord.parse(file, manifest)));
        return new InputRecord(
            tree.path("format").asText(), options, columns, files, tree.path("set-aside").asLong());
      }
    } catch (InvalidConfigurationException damaged) {
      throw damaged;
    } catch (Exception wrong) { // Spark's reader of types throws what it does not declare
      throw FileRecord.damaged(manifest, wrong);
    }
    throw FileRecord.damaged(manifest, null);
  }
}
