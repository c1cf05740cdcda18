package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares renders of real models' templates with those of Python's Jinja2. */
class ExpectedRendersTest {
  static Stream<String> rows() throws IOException {
    return Files.readAllLines(SharedData.path("templates/expected.jsonl")).stream();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void rendersAsJinja2(String line) throws IOException {
    JsonNode row = TemplateCases.json(line);
    String template =
        Files.readString(SharedData.path("templates").resolve(row.get("template").textValue()));
    if (row.get("collapsed").booleanValue()) {
      // The collection that these are from writes templates over several lines for people to read.
      template = template.replace("\r\n", "\n").replace("    ", "").replace("\n", "");
    }
    Map<String, Object> arguments = TemplateCases.arguments(row);
    arguments
        .keySet()
        .removeAll(Stream.of("template", "collapsed", "case", "rendered", "error").toList());
    TemplateCases.Outcome outcome = TemplateCases.render(template, arguments);
    String where = row.get("template").textValue() + " " + row.get("case").textValue();
    if (row.has("error")) {
      String message = row.get("error").textValue();
      assertThat(outcome.error()).as(where).isEqualTo(message.substring(message.indexOf(": ") + 2));
    } else {
      assertThat(outcome.error()).as(where).isNull();
      assertThat(outcome.text()).as(where).isEqualTo(row.get("rendered").textValue());
    }
  }
}
