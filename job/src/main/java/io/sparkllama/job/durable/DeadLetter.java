package io.sparkllama.job.durable;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Is a row that the engine could not run, in place of its row of the output.
 *
 * @param key as the output would have it, a text for each column; a long one as its hash
 * @param row the digits of the key, as {@link io.sparkllama.job.prompt.RowKeys} derives them
 * @param errorClass as {@link io.sparkllama.engine.api.RowError} names it
 * @param message never text of the row
 * @param attempt how often the row was tried and set aside, this time included
 * @param batch that set it aside, in which its row is kept
 * @param time when that batch was written
 * @param repeated whether its row shared the request of another row that has a letter
 */
public record DeadLetter(
    List<String> key,
    String row,
    String errorClass,
    String message,
    int attempt,
    long batch,
    Instant time,
    boolean repeated) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public DeadLetter {
    key = List.copyOf(key);
  }

  /** Returns it as its file has it, and as it is shown. */
  public ObjectNode json() {
    ObjectNode object = JSON.createObjectNode();
    ArrayNode texts = object.putArray("key");
    key.forEach(texts::add);
    object.put("row", row);
    object.put("class", errorClass);
    object.put("message", message);
    object.put("attempt", attempt);
    object.put("batch", batch);
    object.put("time", time.toString());
    if (repeated) {
      object.put("repeated", true);
    }
    return object;
  }

  /**
   * Reads what {@link #json} wrote; fields that it does not know stay unread.
   *
   * @param batch whose letter it must be
   * @throws InvalidConfigurationException where it is something else
   */
  static DeadLetter parse(String line, long batch, StoredPath file) {
    try {
      JsonNode tree = JSON.readTree(line);
      List<String> key = new ArrayList<>();
      tree.path("key").forEach(text -> key.add(text.asText()));
      int attempt = tree.path("attempt").asInt();
      if (key.isEmpty()
          || !tree.path("row").isTextual()
          || attempt < 1
          || tree.path("batch").asLong(-1) != batch) {
        throw damaged(file, null);
      }
      return new DeadLetter(
          key,
          tree.path("row").asText(),
          tree.path("class").asText(),
          tree.path("message").asText(),
          attempt,
          batch,
          Instant.parse(tree.path("time").asText()),
          tree.path("repeated").asBoolean());
    } catch (com.fasterxml.jackson.core.JsonProcessingException | DateTimeException wrong) {
      throw damaged(file, wrong);
    }
  }

  static InvalidConfigurationException damaged(StoredPath file, Exception cause) {
    return new InvalidConfigurationException(
        "A file that lists rows which the engine could not run is damaged or gone; restore it, or"
            + " begin anew with output.mode = overwrite: "
            + file,
        cause);
  }
}
