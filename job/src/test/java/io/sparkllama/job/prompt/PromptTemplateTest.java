package io.sparkllama.job.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PromptTemplateTest {
  @Test
  void rendersSpansOfBothOrigins() {
    PromptTemplate template = compile("Q: {{ text }}\n{{a.b}}{{text}} A:\n");
    assertThat(template.columns()).containsExactly("text", "a.b");
    assertThat(template.render(Map.of("text", "{{ a.b }}", "a.b", "</s>")).spans())
        .containsExactly(
            new Span("Q: ", Origin.TEMPLATE),
            new Span("{{ a.b }}", Origin.DATA),
            new Span("\n", Origin.TEMPLATE),
            new Span("</s>", Origin.DATA),
            new Span("{{ a.b }}", Origin.DATA),
            new Span(" A:\n", Origin.TEMPLATE));
  }

  @Test
  void keepsSingleBracesAndClosingOnesAsText() {
    PromptTemplate template = compile("{\"a\": { \"b\": {{ x }} }} %} }");
    assertThat(template.render(Map.of("x", "1")).text()).isEqualTo("{\"a\": { \"b\": 1 }} %} }");
  }

  @Test
  void takesLettersOfAnyScriptInNames() {
    assertThat(compile("{{ größe }} {{ _x1 }} {{ 名前 }}").columns())
        .containsExactly("größe", "_x1", "名前");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`ab {% if x %}`|line 1, column 4",
        "`ab {# note #}`|line 1, column 4",
        "`{{ text`|no closing",
        "`{{ text | upper }}`|only a column's name",
        "`{{ text.upper() }}`|only a column's name",
        "`{{ 'a' }}`|only a column's name",
        "`{{- text }}`|only a column's name",
        "`{{ }}`|only a column's name",
        "`{{ a. }}`|only a column's name",
        "`{{ 1a }}`|only a column's name"
      })
  void refusesEverythingElse(String text, String part) {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> compile(text))
        .satisfies(e -> assertThat(e.getMessage()).contains("prompt.template", part));
  }

  @Test
  void countsLinesAndColumns() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> compile("a\nb\n  {% for %}"))
        .withMessageContaining("line 3, column 3");
  }

  @Test
  void refusesHalfACharacter() {
    assertThatExceptionOfType(InvalidConfigurationException.class)
        .isThrownBy(() -> compile("a\ud800b {{ x }}"))
        .withMessageContaining("lone surrogate");
    assertThat(compile("\ud83d\ude00{{ x }}").columns()).containsExactly("x");
  }

  private static PromptTemplate compile(String text) {
    return PromptTemplate.compile("prompt.template", text);
  }
}
