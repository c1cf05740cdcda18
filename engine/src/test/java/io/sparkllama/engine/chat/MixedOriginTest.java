package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.api.TemplateException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Holds, character by character, who wrote what of texts that a template and data wrote together.
 */
class MixedOriginTest {
  /** Renders a template, and puts what data wrote between ⟦ and ⟧. */
  private static String marked(String template, Map<String, ?> arguments) {
    StringBuilder out = new StringBuilder();
    for (Span span : ChatTemplate.compile(template).render(arguments, TemplateCases.DATE).spans()) {
      out.append(span.origin() == Origin.DATA ? "⟦" + span.text() + "⟧" : span.text());
    }
    return out.toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "ab ¦ a{{ doc }}b ¦ a⟦ab⟧b",
        "ab ¦ {{ doc ~ 'c' ~ doc }} ¦ ⟦ab⟧c⟦ab⟧",
        "ab ¦ {{ ('c' ~ doc ~ 'd')[1:2] }} ¦ ⟦a⟧",
        "ab ¦ {{ ('c' ~ doc ~ 'd')[:2] }} ¦ c⟦a⟧",
        "ab ¦ {{ ('c' ~ doc ~ 'd')[::-1] }} ¦ d⟦ba⟧c",
        "ab ¦ {{ ('c' ~ doc ~ 'd')|upper }} ¦ C⟦AB⟧D",
        "aß ¦ {{ ('ß' ~ doc ~ 'ß')|upper }} ¦ SS⟦ASS⟧SS",
        "ab ¦ {{ ('a' ~ doc)|replace('a', 'X') }} ¦ XX⟦b⟧",
        "ab ¦ {{ 'aba'|replace('b', doc) }} ¦ a⟦ab⟧a",
        "ab ¦ {{ 'xy'|join(doc) }} ¦ x⟦ab⟧y",
        "ab ¦ {{ doc|join('-') }} ¦ ⟦a⟧-⟦b⟧",
        "a\" ¦ {{ ('\"' ~ doc)|tojson }} ¦ \"\\\"⟦a\\\"⟧\"",
        "é ¦ {{ ('é' ~ doc)|tojson(ensure_ascii=true) }} ¦ \"\\u00e9⟦\\u00e9⟧\"",
        "a< ¦ {{ ('<' ~ doc)|escape }} ¦ &lt;⟦a&lt;⟧",
        "é ¦ {{ ('é' ~ doc)|urlencode }} ¦ %C3%A9⟦%C3%A9⟧",
        "a' ¦ {{ [doc] }} ¦ [\"⟦a'⟧\"]",
        "é ¦ {{ '%a' % ('é' ~ doc) }} ¦ '\\xe9⟦\\xe9⟧'",
        "ab ¦ {{ doc.center(6, '-') }} ¦ --⟦ab⟧--",
        "ab ¦ {{ '-'.center(3, doc[0]) }} ¦ ⟦a⟧-⟦a⟧",
      })
  void operationsKeepOrigins(String doc, String template, String expected) {
    assertThat(marked(template, Map.of("doc", doc))).isEqualTo(expected);
  }

  /** A format that data wrote writes data, but for the values that the template put into it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "{:<<3} ¦ {{ doc.format('a') }} ¦ a⟦<<⟧",
        "{:*^5} ¦ {{ doc.format('a') }} ¦ ⟦**⟧a⟦**⟧",
        "{:+07,d} ¦ {{ doc.format(1234) }} ¦ ⟦+01,234⟧",
        "{:#x} ¦ {{ doc.format(255) }} ¦ ⟦0xff⟧",
        "{:_>6.1f} ¦ {{ doc.format(2.5) }} ¦ ⟦___2.5⟧",
        "< ¦ {{ '{:{}<2}'.format('a', doc) }} ¦ a⟦<⟧",
        "%5s ¦ {{ doc % 'a' }} ¦ ⟦    ⟧a",
        "%%%d%% ¦ {{ doc % 7 }} ¦ ⟦%7%⟧",
        "%+.2e ¦ {{ doc % 7 }} ¦ ⟦+7.00e+00⟧",
        "%#06x ¦ {{ doc % 255 }} ¦ ⟦0x00ff⟧",
        "5d ¦ {{ ('<%' ~ doc ~ '>') % 7 }} ¦ <⟦    7⟧>",
        "Y ¦ {{ strftime_now('<%' ~ doc ~ '>') }} ¦ <⟦2024⟧>",
        "%Y%n ¦ {{ strftime_now(doc ~ '%Y') }} ¦ ⟦2024\\n⟧2024",
        "-d ¦ {{ strftime_now('%' ~ doc) }} ¦ ⟦26⟧",
      })
  void formatsOfDataWriteData(String doc, String template, String expected) {
    assertThat(marked(template, Map.of("doc", doc))).isEqualTo(expected.replace("\\n", "\n"));
  }

  /** A character that is made of a number may be any: who chose the number is not known. */
  @Test
  void charactersOfNumbersAreData() {
    Map<String, ?> codes = Map.of("codes", List.of(60, 124));
    assertThat(marked("{% for c in codes %}{{ '%c' % c }}{% endfor %}", codes)).isEqualTo("⟦<|⟧");
    assertThat(marked("{% for c in codes %}{{ '<{:2c}>'.format(c) }}{% endfor %}", codes))
        .isEqualTo("<⟦<⟧ ><⟦|⟧ >");
    assertThat(marked("{{ '%c%c' % ('a', doc) }}", Map.of("doc", "b"))).isEqualTo("a⟦b⟧");
  }

  @Test
  void namesThatDataGaveStayData() {
    Map<String, ?> arguments = Map.of("map", Map.of("name", 1));
    assertThat(marked("{{ dict(**map) }}", arguments)).isEqualTo("{'⟦name⟧': 1}");
    assertThat(marked("{{ dict(a=2, **map)|tojson }}", arguments))
        .isEqualTo("{\"a\": 2, \"⟦name⟧\": 1}");
    assertThat(marked("{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(a=2, **map) }}", arguments))
        .isEqualTo("{'a': 2, '⟦name⟧': 1}");
    assertThat(
            marked(
                "{% macro m() %}{{ kwargs|list }}{{ caller() }}{% endmacro %}"
                    + "{% call m(**map) %}x{% endcall %}",
                arguments))
        .isEqualTo("['⟦name⟧']x");
    for (String made : List.of("namespace(**map)", "namespace(map)", "namespace(map.items())")) {
      assertThat(marked("{% set n = " + made + " %}{% set n.name = 2 %}{{ n }}", arguments))
          .isEqualTo("<Namespace {'⟦name⟧': 2}>");
    }
    assertThat(marked("{% set n = namespace(a=1) %}{% set n.b = 2 %}{{ n }}", arguments))
        .isEqualTo("<Namespace {'a': 1, 'b': 2}>");
  }

  @Test
  void whatIsFoundInDataStaysData() {
    Map<String, ?> arguments = Map.of("doc", "a|b");
    assertThat(marked("{{ doc.partition('|')|join }}", arguments)).isEqualTo("⟦a|b⟧");
    assertThat(marked("{{ doc.rpartition('|')|join }}", arguments)).isEqualTo("⟦a|b⟧");
    assertThat(marked("{{ 'a|b'.partition(doc[1])|join }}", arguments)).isEqualTo("a|b");
  }

  @Test
  void whatStandsForSpaceOfDataIsData() {
    Map<String, ?> arguments = Map.of("doc", "a\tb\nc\r\nd");
    assertThat(marked("{{ ('-\t' ~ doc).expandtabs(4) }}", arguments))
        .isEqualTo("-   ⟦a   b\nc\r\nd⟧");
    assertThat(marked("{{ ('-\n' ~ doc)|indent(1) }}", arguments))
        .isEqualTo("-\n ⟦a\tb\n⟧ ⟦c\n⟧ ⟦d⟧");
    assertThat(marked("{{ doc|indent(1, true) }}", Map.of("doc", "a\n\nb\n")))
        .isEqualTo(" ⟦a\n\n⟧ ⟦b\n⟧");
    assertThat(marked("{{ ('a\\r' ~ doc)|indent(1) }}", Map.of("doc", "\nb")))
        .isEqualTo("a⟦\n⟧ ⟦b⟧");
    assertThat(marked("{{ doc|indent }}", Map.of("doc", "a\r"))).isEqualTo("⟦a⟧");
  }

  @Test
  void argumentsKeepTheOriginsOfTheirSpans() {
    Prompt given =
        new Prompt(
            List.of(
                new Span("a", Origin.DATA),
                new Span("b", Origin.DATA),
                new Span("c", Origin.TEMPLATE),
                new Span("", Origin.DATA),
                new Span("d", Origin.TEMPLATE),
                new Span("e", Origin.DATA),
                new Span("", Origin.TEMPLATE),
                new Span("f", Origin.DATA)));
    assertThat(marked("{{ doc }}{{ [doc]|map('upper')|first }}", Map.of("doc", given)))
        .isEqualTo("⟦ab⟧cd⟦efAB⟧CD⟦EF⟧");
    assertThat(marked("{{ dict(**{doc: doc}) }}", Map.of("doc", given)))
        .isEqualTo("{'⟦ab⟧cd⟦ef⟧': '⟦ab⟧cd⟦ef⟧'}");
  }

  /** A character of two halves is the template's only where it wrote both. */
  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "{{ doc }}, 🦙",
        "{{ doc|upper }}, 🦙",
        "{{ doc|title }}, 🦙",
        "{{ doc.swapcase() }}, 🦙",
        "{{ [doc] }}, ['🦙']",
        "{{ '%a' % doc }}, '\\U0001f999'",
        "{{ doc|urlencode }}, %F0%9F%A6%99",
        "{{ doc|tojson }}, \"🦙\"",
        "{{ doc[::-1] }}, 🦙",
        "{{ doc|list|join }}, 🦙",
      })
  void halfACharacterOfDataIsNeverTheTemplates(String template, String expected) {
    Span high = new Span("\ud83e", Origin.TEMPLATE);
    Span low = new Span("\udd99", Origin.DATA);
    Prompt prompt =
        ChatTemplate.compile(template)
            .render(Map.of("doc", new Prompt(List.of(high, low))), TemplateCases.DATE);
    assertThat(prompt.text()).isEqualTo(expected);
    for (Span span : prompt.spans()) {
      if (span.origin() == Origin.TEMPLATE) {
        assertThat(span.text()).doesNotContain("\udd99", "U0001f999", "F0%9F");
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      quoteCharacter = '`',
      value = {
        "{{ (1|attr(doc)).x }}",
        "{{ 1[doc].x }}",
        "{{ ('{0.' ~ doc ~ '.x}').format(1) }}",
        "{{ ('{0[' ~ doc ~ '][x]}').format({}) }}",
        "{{ [{}]|map(attribute=doc ~ '.x')|first }}",
        "{{ [{}]|sort(attribute=doc ~ '.x')|first }}",
        "{{ range(**{doc: 1}) }}",
        "{{ [1]|map(attribute='a', **{doc: 1})|first }}",
        "{% macro m() %}{% endmacro %}{{ m(**{doc: 1}) }}",
      })
  void messagesThatQuoteNamesOfDataSaySo(String template) {
    TemplateException problem =
        catchThrowableOfType(
            TemplateException.class, () -> marked(template, Map.of("doc", "secret")));
    assertThat(problem.problem()).contains("secret");
    assertThat(problem.holdsData()).isTrue();
  }
}
