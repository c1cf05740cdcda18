package io.sparkllama.job.durable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Is what a lock's file says.
 *
 * @param counter that rises while the holder lives, so that nobody needs clocks
 */
record LockState(LockHolder holder, long counter) {
  private static final ObjectMapper JSON = new ObjectMapper();

  LockState next() {
    return new LockState(holder, counter + 1);
  }

  byte[] json() {
    ObjectNode object = JSON.createObjectNode();
    object.put("id", holder.id());
    object.put("application", holder.application());
    object.put("host", holder.host());
    object.put("user", holder.user());
    object.put("pid", holder.pid());
    object.put("machine", holder.machine());
    object.put("process-start", holder.processStart());
    object.put("counter", counter);
    return (object.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Reads what {@link #json} wrote; empty for anything else, such as a file half written. */
  static Optional<LockState> parse(byte[] json) {
    try {
      JsonNode tree = JSON.readTree(new String(json, StandardCharsets.UTF_8));
      if (!tree.path("id").isTextual() || !tree.path("counter").isIntegralNumber()) {
        return Optional.empty();
      }
      LockHolder holder =
          new LockHolder(
              tree.path("id").asText(),
              tree.path("application").asText(),
              tree.path("host").asText(),
              tree.path("user").asText(),
              tree.path("pid").asLong(),
              tree.path("machine").asText(),
              tree.path("process-start").asText());
      return Optional.of(new LockState(holder, tree.path("counter").asLong()));
    } catch (JsonProcessingException damaged) {
      return Optional.empty();
    }
  }
}
