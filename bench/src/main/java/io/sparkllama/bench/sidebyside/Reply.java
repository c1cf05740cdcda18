package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** Is the line with which a contestant answers. */
sealed interface Reply {
  /**
   * Introduces a contestant that has loaded the model; its first line.
   *
   * @param works kinds of work that it takes
   */
  record Ready(String name, String version, List<String> works) implements Reply {
    public Ready {
      works = List.copyOf(works);
    }

    @Override
    public ObjectNode toJson() {
      ObjectNode json = object().put("name", name).put("version", version);
      works.forEach(json.putArray("works")::add);
      return json;
    }
  }

  /**
   * Tells what a work took.
   *
   * @param tokens computed for a prefill, decoded or generated otherwise
   */
  record Measured(double seconds, long tokens) implements Reply {
    double tokensPerSecond() {
      return tokens / seconds;
    }

    @Override
    public ObjectNode toJson() {
      return object().put("seconds", seconds).put("tokens", tokens);
    }
  }

  /** Tells the memory of the contestant's process. */
  record Memory(ResidentMemory resident) implements Reply {
    @Override
    public ObjectNode toJson() {
      return resident.toJson();
    }
  }

  /** Tells why there is no result: as the first line, that this contestant cannot take part. */
  record Refused(String error) implements Reply {
    @Override
    public ObjectNode toJson() {
      return object().put("error", error);
    }
  }

  ObjectNode toJson();

  /**
   * Reads a line.
   *
   * @throws IllegalArgumentException for one that is no reply
   */
  static Reply of(JsonNode json) {
    if (json.path("error").isTextual()) {
      return new Refused(json.get("error").textValue());
    }
    if (json.path("works").isArray()) {
      List<String> works = new ArrayList<>();
      json.get("works").forEach(work -> works.add(work.asText()));
      return new Ready(json.path("name").asText(), json.path("version").asText(), works);
    }
    if (json.has("rss_bytes")) {
      return new Memory(ResidentMemory.of(json));
    }
    if (json.path("seconds").isNumber() && json.path("tokens").isIntegralNumber()) {
      double seconds = json.get("seconds").doubleValue();
      long tokens = json.get("tokens").longValue();
      if (seconds > 0 && tokens > 0) {
        return new Measured(seconds, tokens);
      }
    }
    throw new IllegalArgumentException("The line is no reply: " + json);
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
