package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says what a folder of work, or of a batch, holds. It is written last: a folder without it is not
 * finished.
 *
 * @param files their names
 * @param input what else there is to say: what later intakes need to know of the input, or what
 *     lies beside the rows; missing where there is nothing
 */
record WorkManifest(long rows, List<String> files, JsonNode input) {
  private static final ObjectMapper JSON = new ObjectMapper();

  WorkManifest {
    files = List.copyOf(files);
  }

  /** Reads what {@link #json} wrote; fields that it does not know stay unread. */
  static WorkManifest parse(byte[] json, StoredPath file) throws IOException {
    JsonNode tree = JSON.readTree(new String(json, StandardCharsets.UTF_8));
    JsonNode rows = tree.path("rows");
    JsonNode names = tree.path("files");
    if (!rows.isIntegralNumber() || !names.isArray()) {
      throw new IOException(
          "A file that says what rows a run has taken is damaged; restore it, or begin anew with"
              + " output.mode = overwrite: "
              + file);
    }
    List<String> files = new ArrayList<>();
    names.forEach(name -> files.add(name.asText()));
    return new WorkManifest(rows.asLong(), files, tree.path("input"));
  }

  /** Reads what {@link #json} wrote; empty where it is something else. */
  static Optional<WorkManifest> find(byte[] bytes, StoredPath file) {
    try {
      return Optional.of(parse(bytes, file));
    } catch (IOException other) {
      return Optional.empty();
    }
  }

  byte[] json() {
    ObjectNode object = JSON.createObjectNode();
    object.put("rows", rows);
    ArrayNode names = object.putArray("files");
    files.forEach(names::add);
    if (!input.isMissingNode()) {
      object.set("input", input);
    }
    return (object.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
