package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.TemplateException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds what fuzzing found, as small as it gets. */
class FuzzedTemplatesTest {
  private static final Map<String, ?> ARGUMENTS =
      Map.of("map", Map.of("DATA", 1), "text", "DATA", "letter", "D");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ dict(**map) }}",
        "{{ dict(**map)|tojson }}",
        "{{ dict(**map)|list|first }}",
        "{{ namespace(map) }}",
        "{{ namespace(**map) }}",
        "{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**map) }}",
        "{{ '{:{}<5}'.format('', letter) }}",
        "{{ '{:{}>5}'.format(1, letter) }}",
      })
  void namesAndFillersOfDataStayData(String template) {
    Prompt prompt = ChatTemplate.compile(template).render(ARGUMENTS, TemplateCases.DATE);
    assertThat(written(prompt, Origin.DATA)).contains("D");
    assertThat(written(prompt, Origin.TEMPLATE)).doesNotContain("D");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ 'a'|upper(**map) }}",
        "{{ [1]|map(attribute='x', **map)|list }}",
        "{{ dict(DATA=1, **map) }}",
        "{{ (map|attr(text)).x }}",
        "{{ (text ~ 'x')|attr(text) + 1 }}",
        "{{ [1]|map(attribute=text)|first + 1 }}",
        "{{ [1]|sum(attribute=text) }}",
        "{{ ('{0.' ~ text ~ '.x}').format(1) }}",
        "{{ ('{0[' ~ text ~ '].x}').format(1) }}",
        "{{ ('{:' ~ letter ~ '}').format('') }}",
        "{{ ('{!' ~ letter ~ '}').format('') }}",
        "{{ ('%' ~ letter) % 1 }}",
      })
  void messagesOfDataSayThatTheyHoldIt(String template) {
    ChatTemplate compiled = ChatTemplate.compile(template);
    TemplateException refused =
        catchThrowableOfType(
            TemplateException.class, () -> compiled.render(ARGUMENTS, TemplateCases.DATE));
    assertThat(refused).hasMessageContaining("D");
    assertThat(refused.holdsData()).as(refused.getMessage()).isTrue();
  }

  @Test
  void groupsAreFilledInOneGo() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> assertThat(render("{{ '{:0300000,}'.format(1)|length }}")).isEqualTo("300001"));
    assertThat(render("{{ '{:04,} {:05,} {:06,} {:+09,.1f} {:#09_x}'.format(1, 1, 1, 2.5, 99) }}"))
        .isEqualTo("0,001 0,001 00,001 +00,002.5 0x00_0063");
  }

  @Test
  void numbersHaveTheFewestDigitsThatReadBack() {
    Random random = new Random(2);
    for (int i = 0; i < 3000; i++) {
      double number = Double.longBitsToDouble(random.nextLong());
      if (!Double.isFinite(number)) {
        continue;
      }
      String text =
          ChatTemplate.compile("{{ x }}").render(Map.of("x", number), TemplateCases.DATE).text();
      assertThat(Double.parseDouble(text)).isEqualTo(number);
      BigDecimal written = new BigDecimal(text).stripTrailingZeros();
      if (written.precision() > 1) {
        MathContext shorter = new MathContext(written.precision() - 1, RoundingMode.HALF_EVEN);
        assertThat(new BigDecimal(number).round(shorter).doubleValue())
            .as(text)
            .isNotEqualTo(number);
      }
    }
    assertThat(
            render(
                "{{ [2e-3, 5e-324, 1e23, 2.0 ** -44, 9007199254740993.0, 1.7976931348623157e308] }}"))
        .isEqualTo(
            "[0.002, 5e-324, 1e+23, 5.684341886080802e-14, 9007199254740992.0,"
                + " 1.7976931348623157e+308]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x * x",
        "x ** 2",
        "x // 3 ** 2000",
        "x % 3 ** 2000",
        "3 ** 4000",
        "1.5|round(300)"
      })
  void largeNumbersTakeTheirSteps(String arithmetic) {
    String template =
        "{% set x = 3 ** 4400 %}{% for i in range(99999) %}{% for j in range(99) %}{% set y = "
            + arithmetic
            + " %}{% endfor %}{% endfor %}";
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () -> assertThatThrownBy(() -> render(template)).hasMessageContaining("too many steps"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x.find(y)",
        "z.rfind('b' ~ 'a' * 100000)",
        "x.count(y)",
        "x.split(y)|length",
        "x.replace(y, '')|length",
        "y in x",
        "x.strip('b' * 100000 ~ 'a')",
      })
  void searchesTakeLinearTime(String search) {
    String template =
        "{% set x = 'a' * 200000 %}{% set z = x %}{% set y = 'a' * 100000 ~ 'b' %}{{ "
            + search
            + " }}";
    Assertions.assertTimeoutPreemptively(Duration.ofSeconds(5), () -> render(template));
  }

  @Test
  void longTextsAreFoundWhereTheyStand() {
    String y = "abaabaababaabaabab";
    String x = y + y.substring(3) + "ab" + y + "aba";
    String template =
        "{{ x.find(y, 1) }} {{ x.rfind(y) }} {{ x.rfind(y, 0, -4) }} {{ x.count(y) }} {{ y in x }}"
            + " {{ x.split(y) }} {{ x.rsplit(y, 1) }} {{ x.find(y ~ 'c') }} {{ x.rpartition(y)[0] }}";
    int last = x.lastIndexOf(y);
    int before = x.lastIndexOf(y, x.length() - 4 - y.length());
    assertThat(
            ChatTemplate.compile(template)
                .render(Map.of("x", x, "y", y), TemplateCases.DATE)
                .text())
        .startsWith(x.indexOf(y, 1) + " " + last + " " + before + " ")
        .endsWith(" -1 " + x.substring(0, last));
  }

  @Test
  void everyDigitIsRoundedAway() {
    assertThat(render("{{ 1|round(-(10 ** 10)) }} {{ (10 ** 99)|round(-(2 ** 31)) }}"))
        .isEqualTo("0 0");
  }

  @Test
  void keysThatWereChosenForTheirHashAreFound() {
    String tuples =
        IntStream.range(0, 15_000)
            .mapToObj(i -> "(" + i + "," + 31 * (15_000 - i) + ")")
            .collect(Collectors.joining(","));
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(5),
        () ->
            assertThat(render("{% set x = [" + tuples + "] %}{{ (x * 4)|unique|list|length }}"))
                .isEqualTo("15000"));
    assertThat(
            render(
                "{{ {(1, 'a'): 1, (1.5, none): 2, (true, (2,)): 3, (1, 'b'): 4}[(1, (2.0,))] }}"
                    + "{{ [(1,), (1.0,), (true,), ('1',), (none,), (range(2),), (range(2),)]"
                    + "|unique|list|length }}"))
        .isEqualTo("34");
  }

  @Test
  void formatsHaveNoTypesBeyondTheFirstPlane() {
    assertThatThrownBy(() -> render("{{ '{:\\U00010064}'.format(5) }}"))
        .isInstanceOf(TemplateException.class);
  }

  @Test
  void largeNumbersAreComparedAtOnce() {
    String template =
        "{% set x = 3 ** 9000 %}{% for i in range(99999) %}{% set y = x < 1.5 %}{% endfor %}{{ y }}"
            + "{{ x > 1e308 }}{{ -x < -1e308 }}{{ 2 ** 1024 > 1.5 }}{{ 2 ** 1023 == 2.0 ** 1023 }}";
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(3), () -> assertThat(render(template)).isEqualTo("TrueTrueTrueTrue"));
  }

  @Test
  void keysWithoutAnOrderAreSorted() {
    Random random = new Random(1);
    for (int round = 0; round < 300; round++) {
      List<String> keys = new ArrayList<>();
      int count = 64 + random.nextInt(200);
      int place = random.nextInt(count);
      for (int i = 0; i < count; i++) {
        String number = random.nextInt(1000) + (random.nextBoolean() ? ".5" : "");
        keys.add(i == place ? "('nan'|float)" : number);
      }
      String map = keys.stream().map(key -> key + ": 0").collect(Collectors.joining(", "));
      assertThat(render("{{ {" + map + "}|tojson(sort_keys=true) }}")).contains("\"NaN\": 0");
    }
  }

  private static String written(Prompt prompt, Origin origin) {
    return prompt.spans().stream()
        .filter(span -> span.origin() == origin)
        .map(Prompt.Span::text)
        .collect(Collectors.joining("|"));
  }

  private static String render(String template) {
    return ChatTemplate.compile(template).render(ARGUMENTS, TemplateCases.DATE).text();
  }
}
