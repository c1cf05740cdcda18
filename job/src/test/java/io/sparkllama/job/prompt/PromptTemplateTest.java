package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.api.TemplateException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptTemplateTest {
  @Test
  void rendersSpansOfBothOrigins() {
    PromptTemplate template = compile("Q: {{ text }}\n{{ a.b }}{{text}} A:\n");
    assertThat(template.names()).containsExactly("text", "a");
    assertThat(template.render(Map.of("text", "{{ a.b }}", "a", Map.of("b", "</s>"))).spans())
        .containsExactly(
            new Span("Q: ", Origin.TEMPLATE),
            new Span("{{ a.b }}", Origin.DATA),
            new Span("\n", Origin.TEMPLATE),
            new Span("</s>{{ a.b }}", Origin.DATA),
            new Span(" A:\n", Origin.TEMPLATE));
  }

  @Test
  void keepsSingleBracesAndClosingOnesAsText() {
    PromptTemplate template = compile("{\"a\": { \"b\": {{ x }} }} %} }");
    assertThat(template.render(Map.of("x", "1")).text()).isEqualTo("{\"a\": { \"b\": 1 }} %} }");
  }

  @Test
  void takesLettersOfAnyScriptInNames() {
    assertThat(compile("{{ größe }} {{ _x1 }} {{ 名前 }}").names())
        .containsExactly("größe", "_x1", "名前");
  }

  @Test
  void runsWhatJinjaHas() {
    PromptTemplate template =
        compile(
            "{% for tag in tags if tag %}- {{ tag|upper }}\n{% endfor %}{% if vip %}VIP{% endif %}"
                + "{{ strftime_now('%d %b %Y') }}\n");
    assertThat(template.names()).containsExactly("tags", "tag", "vip");
    assertThat(template.names().stream().filter(template::sets)).containsExactly("tag");
    assertThat(template.render(Map.of("tags", List.of("a", "", "b"), "vip", true)).text())
        .isEqualTo("- A\n- B\nVIP01 Jan 1970\n");
  }

  @Test
  void aNullIsAnErrorWhereItIsPrintedAlone() {
    Map<String, Object> values = Collections.singletonMap("x", null);
    assertThatExceptionOfType(TemplateException.class)
        .isThrownBy(() -> compile("a\n{{ x }}").render(values))
        .satisfies(
            e -> {
              assertThat(e.kind()).isEqualTo(TemplateException.Kind.NULL_VALUE);
              assertThat(e.getMessage()).contains("prompt.template, line 2", "null", "x");
            });
    assertThatExceptionOfType(TemplateException.class)
        .isThrownBy(() -> compile("{{ 'a' ~ x }}").render(values));
    assertThat(compile("{{ x or 'none' }}{% if x %}{{ x }}{% endif %}").render(values).text())
        .isEqualTo("none");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`ab {% if x %}`|line 1",
        "`{{ text`|line 1",
        "`a\nb\n {% for %}`|line",
        "`{{ text | nosuch }}`|No filter named 'nosuch'",
        "`{% include 'x' %}`|one text",
        "`{{ }}`|Expected an expression",
        "`{{ a. }}`|expected name or number",
        "`{{ 1a }}`|expected token"
      })
  void refusesWhatIsNoTemplate(String text, String part) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> compile(text))
        .satisfies(e -> assertThat(e.getMessage()).contains("prompt.template", part));
  }

  @Test
  void refusesHalfACharacter() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> compile("a\n\ud800b {{ x }}"))
        .withMessageContaining("lone surrogate")
        .withMessageContaining("line 2");
    assertThat(compile("\ud83d\ude00{{ x }}").names()).containsExactly("x");
  }

  @Test
  void travelsToAnotherProcess() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(compile("<{{ x }}>"));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      PromptTemplate copy = (PromptTemplate) in.readObject();
      assertThat(copy.render(Map.of("x", "1")).text()).isEqualTo("<1>");
    }
  }

  private static PromptTemplate compile(String text) {
    return PromptTemplate.compile("prompt.template", text, LocalDate.EPOCH);
  }
}
