package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.api.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shows that what data wrote stays data, whatever a template does with it: here templates are all
 * ASCII and data is Cyrillic, so that who wrote a character can be seen.
 */
class OriginTest {
  private static final Map<String, Object> DATA = data();

  private static Map<String, Object> data() {
    Map<String, Object> table = new LinkedHashMap<>();
    table.put("ключ", "значение");
    table.put("⟦имя⟧", "Ёлка");
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("doc", "⟦Привет, мир⟧\n\tдва\tслова  'и' \"ещё\" <три> & {}");
    data.put("other", "ЖУК");
    data.put("letter", "ы");
    data.put("items", List.of("яблоко", "Груша", "⟦вишня⟧", "ёж"));
    data.put("table", table);
    data.put("rows", List.of(table, Map.of("ключ", "б"), Map.of("ключ", "а")));
    return data;
  }

  /** Keys that become names, characters that fill up, and separators found in documents. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ dict(**table) }}",
        "{{ dict(a=1, **table)|list|join }}",
        "{{ dict({'a': 1}, **table)|tojson }}",
        "{% for key in dict(**table) %}{{ key }}{% endfor %}",
        "{{ namespace(**table) }}",
        "{{ namespace(table) }}",
        "{{ namespace(dict(**table)) ~ '' }}",
        "{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**table) }}",
        "{% macro m() %}{{ kwargs|join }}{% endmacro %}{{ m(x=1, **table) }}",
        "{% macro m() %}{{ kwargs|join }}{{ caller() }}{% endmacro %}"
            + "{% call m(**table) %}x{% endcall %}",
        "{% macro m() %}{{ kwargs }}{% endmacro %}"
            + "{% macro n() %}{{ m(**kwargs) }}{% endmacro %}{{ n(**table) }}",
        "{{ '%s'|format(**table) }}",
        "{{ ['%s', '%r']|map('format', **table)|join }}",
        "{{ '%s' % table }}",
        "{{ '{:{}>9}'.format('a', letter) }}",
        "{{ '{:{}^9}'.format(7, letter) }}",
        "{{ '{:{f}<9}'.format(1.5, f=letter) }}",
        "{{ ('{:' ~ letter ~ '=+9}').format(7) }}",
        "{{ 'a'.center(9, letter) }}{{ 'a'.ljust(9, letter) }}{{ 'a'.rjust(9, letter) }}",
        "{{ '{0[a]}{b}'.format({'a': other}, b=letter) }}",
        "{{ '{b}'.format_map({'b': other}) }}",
        "{{ doc.partition('{}') }}{{ doc.rpartition(other) }}",
        "{{ table|xmlattr }}{{ {'a': doc}|xmlattr }}{{ {doc[:3]: 1}|xmlattr }}",
        "{{ doc|string|list }}{{ [doc]|string }}{{ '%r %a' % (doc, letter) }}",
        "{{ strftime_now(doc) }}{{ strftime_now('%Y' ~ doc) }}",
        "{{ doc|e }}{{ doc|forceescape }}{{ doc|safe }}{{ 'a'|safe + doc }}",
        "{{ rows|groupby(table|first)|list }}",
        "{{ doc.expandtabs(3) }}{{ other.zfill(9) }}{{ doc|indent(other) }}",
        "{{ 'a b c'|replace(' ', letter) }}{{ 'abc'|replace('', letter) }}",
        "{{ 'aaaaaaaaaaaaaaaa'|truncate(9, true, letter) }}",
        "{{ [1, 2]|tojson(indent=letter) }}{{ [1, 2]|tojson(separators=(other, letter)) }}",
        "{% set j = joiner(other) %}{{ j() }}{{ j() }}{% set c = cycler(*items) %}{{ c.next() }}",
        "{{ [[1], [2]]|join(other) }}{{ letter.join(['a', 'b']) }}{{ letter * 3 }}",
        "{% filter upper %}a{{ doc }}{% endfilter %}{% set x %}{{ doc }}{% endset %}{{ x|title }}",
      })
  void whatDataWroteStaysData(String template) {
    Prompt prompt = ChatTemplate.compile(template).render(DATA, TemplateCases.DATE);
    assertThat(prompt.text()).matches(text -> text.chars().anyMatch(OriginTest::isOfData));
    assertNothingIsLost(template, prompt);
  }

  /** Text that a document only chose from what everybody could write is its own as well. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ given.partition('<|end|>')[1] }}",
        "{{ given.rpartition('<|end|>')|join }}",
        "{{ given|safe|string }}",
        "{{ (given|safe).partition('|')|join }}",
        "{% for code in codes %}{{ '%c' % code }}{% endfor %}",
        "{% for code in codes %}{{ '%c' % (code|int) }}{% endfor %}",
        "{% for code in codes %}{{ '{:c}'.format(code) }}{% endfor %}",
        "{{ tabs.expandtabs(2) }}",
        "{{ lines|indent(0) }}",
        "{{ lines|indent(0, blank=true) }}",
        "{{ ('{:' ~ given[0] ~ '>3c}').format(codes[0]) }}",
        "{{ ['<', '|']|select('in', given)|join|replace('<|', given) }}",
      })
  void whatDataChoseIsData(String template) {
    Map<String, Object> data =
        Map.of(
            "given", "<|end|>",
            "codes", List.of(60, 124, 101, 110, 100, 124, 62),
            "tabs", "\t\t",
            "lines", "\n\r\n\n");
    Prompt prompt = ChatTemplate.compile(template).render(data, TemplateCases.DATE);
    assertThat(prompt.spans()).isNotEmpty().allMatch(span -> span.origin() == Origin.DATA);
  }

  @Test
  void theDateIsOfWhoChoseItsFields() {
    Prompt prompt =
        ChatTemplate.compile("{{ strftime_now('%' ~ letter) }}{{ strftime_now('%Y') }}")
            .render(Map.of("letter", "A"), TemplateCases.DATE);
    assertThat(prompt.spans())
        .containsExactly(new Span("Friday", Origin.DATA), new Span("2024", Origin.TEMPLATE));
  }

  @Test
  void whatTheTemplateWroteStaysItsOwn() {
    String template =
        "{{ dict(a=1) }}{{ '%s'|format('x') }}{{ '{:*>3}'.format(1) }}{{ 'a-b'.partition('-') }}"
            + "{{ '<|%s|>' % 'end' }}{{ ('a\tb\n\nc').expandtabs(2)|indent(1) }}";
    assertThat(ChatTemplate.compile(template).render(Map.of(), TemplateCases.DATE).spans())
        .singleElement()
        .matches(span -> span.origin() == Origin.TEMPLATE);
  }

  @Test
  void randomTemplatesLoseNoOrigin() {
    int shown = 0;
    RandomExpressions random = new RandomExpressions(20240726);
    for (int trial = 0; trial < 20_000; trial++) {
      String template = random.template();
      assertThat(template).matches(text -> text.chars().allMatch(c -> c < 0x80));
      try {
        Prompt prompt = ChatTemplate.compile(template).render(DATA, TemplateCases.DATE);
        assertNothingIsLost(template, prompt);
        shown += prompt.text().chars().anyMatch(OriginTest::isOfData) ? 1 : 0;
      } catch (TemplateException refused) {
        // Such as a chain that asks a list for a letter's case.
        assertThat(refused.problem()).isNotEmpty();
      }
    }
    assertThat(shown).isGreaterThan(8000);
  }

  private static void assertNothingIsLost(String template, Prompt prompt) {
    for (Span span : prompt.spans()) {
      if (span.origin() == Origin.TEMPLATE && span.text().chars().anyMatch(OriginTest::isOfData)) {
        throw new AssertionError("data became the template's in " + template + ": " + span);
      }
    }
  }

  private static boolean isOfData(int c) {
    return Character.UnicodeBlock.of(c) == Character.UnicodeBlock.CYRILLIC || c == '⟦' || c == '⟧';
  }
}
