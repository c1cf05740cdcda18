package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Compares renders of random templates with what Python's Jinja2 made of them, as {@code
 * scripts/template_golden.py} wrote it down: the committed cases, and those of a file of one's own
 * by {@code -Dsparkllama.templateCases=FILE}.
 */
class GeneratedTemplatesTest {
  /** Errors whose messages are Jinja's own, where templates have no other mistake before. */
  private static final Set<String> SAME_MESSAGE =
      Set.of("UndefinedError", "TemplateError", "SecurityError");

  @Test
  void rendersAsJinja2() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                GeneratedTemplatesTest.class.getResourceAsStream("/template/generated.jsonl"),
                StandardCharsets.UTF_8))) {
      check(lines.lines(), 3000);
    }
    String more = System.getProperty("sparkllama.templateCases");
    if (more != null) {
      try (Stream<String> lines = Files.lines(Path.of(more))) {
        check(lines, 1);
      }
    }
  }

  private static void check(Stream<String> lines, int least) throws IOException {
    List<String> differences = new ArrayList<>();
    int rendered = 0;
    int failed = 0;
    for (String line : lines.toList()) {
      JsonNode row = TemplateCases.json(line);
      String template = row.get("template").textValue();
      TemplateCases.Outcome outcome =
          TemplateCases.render(template, TemplateCases.arguments(row.get("arguments")));
      if (!agrees(row, outcome)) {
        differences.add(line + "\n  but: " + outcome);
      }
      rendered += row.has("rendered") ? 1 : 0;
      failed += row.has("error") ? 1 : 0;
    }
    assertThat(differences).isEmpty();
    assertThat(rendered + failed).isGreaterThanOrEqualTo(least);
  }

  private static boolean agrees(JsonNode row, TemplateCases.Outcome outcome) {
    if (row.has("rendered")) {
      return row.get("rendered").textValue().equals(outcome.text());
    }
    String error = row.get("error").textValue();
    int colon = error.indexOf(": ");
    return outcome.error() != null
        && (!SAME_MESSAGE.contains(error.substring(0, colon))
            || error.substring(colon + 2).equals(outcome.error()));
  }
}
