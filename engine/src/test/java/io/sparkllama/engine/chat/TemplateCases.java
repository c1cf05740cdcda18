package io.sparkllama.engine.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.TemplateException;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Renders cases that Python's Jinja2 has rendered before, and says what differs. */
final class TemplateCases {
  /** The date that the expected renders were made with. */
  static final LocalDate DATE = LocalDate.of(2024, 7, 26);

  private static final ObjectMapper JSON = new ObjectMapper();

  private TemplateCases() {}

  /** Holds what came of a render: its text or what went wrong. */
  record Outcome(String text, String error) {}

  static Outcome render(String template, Map<String, ?> arguments) {
    try {
      return new Outcome(ChatTemplate.compile(template).render(arguments, DATE).text(), null);
    } catch (TemplateException problem) {
      return new Outcome(null, problem.problem());
    }
  }

  /** Reads arguments from JSON, numbers to their last digit. */
  static Map<String, Object> arguments(JsonNode node) {
    Map<String, Object> arguments = new LinkedHashMap<>();
    node.properties().forEach(field -> arguments.put(field.getKey(), value(field.getValue())));
    return arguments;
  }

  static JsonNode json(String line) throws IOException {
    return JSON.readTree(line);
  }

  private static Object value(JsonNode node) {
    if (node.isObject()) {
      return arguments(node);
    }
    if (node.isArray()) {
      List<Object> items = new ArrayList<>();
      node.forEach(item -> items.add(value(item)));
      return items;
    }
    if (node.isIntegralNumber()) {
      return node.bigIntegerValue();
    }
    if (node.isNumber()) {
      return node.doubleValue();
    }
    return node.isBoolean() ? (Object) node.booleanValue() : node.textValue();
  }
}
