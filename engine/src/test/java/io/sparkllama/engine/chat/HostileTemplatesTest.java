package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sparkllama.engine.api.TemplateException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds templates that want to harm to their budgets: a clear error, no memory, no time. */
class HostileTemplatesTest {
  private static final String LARGE = "too much text|too many steps";
  private static final String LARGE_OR_DEEP = LARGE + "|too deep";

  /** A second is meant; the machine that this runs on may be slow, cold or at other work. */
  private static final long MOST_MILLISECONDS = 8000;

  private static final LocalDate DATE = LocalDate.of(2024, 7, 26);

  static Stream<Arguments> hostile() {
    return Stream.of(endless(), expensive(), heavy()).flatMap(templates -> templates);
  }

  /** Templates that would go on, or grow, without end. */
  private static Stream<Arguments> endless() {
    String nestedLoops =
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}"
            + "{% endfor %}{% endfor %}{% endfor %}";
    String doubling =
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}"
            + "{% endfor %}";
    String doublingLists =
        "{% set ns = namespace(x=[1, 2]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}"
            + "{% endfor %}";
    String shared =
        "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = [ns.x, ns.x] %}"
            + "{% endfor %}";
    String sharedTuples = shared.replace("[ns.x, ns.x]", "(ns.x, ns.x)").replace("[1]", "(1,)");
    String deep =
        "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}";
    return Stream.of(
        Arguments.of("nested ranges", nestedLoops, LARGE),
        Arguments.of(
            "a loop that prints",
            "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}",
            LARGE),
        Arguments.of("a huge range", "{{ range(10 ** 9) }}", "Range too big"),
        Arguments.of("string multiplication", "{{ 'ab' * 10 ** 9 }}", LARGE),
        Arguments.of("long string multiplication", "{{ 'ab' * (10 ** 30) }}", LARGE),
        Arguments.of("list multiplication", "{{ ([1] * 10 ** 9)|length }}", LARGE),
        Arguments.of("a string that doubles", doubling, LARGE),
        Arguments.of("a list that doubles", doublingLists, LARGE),
        Arguments.of("shared lists, printed", shared + "{{ ns.x }}", LARGE),
        Arguments.of("shared lists, as JSON", shared + "{{ ns.x|tojson }}", LARGE),
        Arguments.of(
            "shared lists, compared",
            shared + "{% set a = ns.x %}" + shared + "{{ a == ns.x }}",
            LARGE),
        Arguments.of("shared tuples as a key", sharedTuples + "{{ {ns.x: 1} }}", LARGE_OR_DEEP),
        Arguments.of("a deep list, printed", deep + "{{ ns.x }}", "too deep"),
        Arguments.of("a deep list, as JSON", deep + "{{ ns.x|tojson }}", "too deep"),
        Arguments.of(
            "a deep list, compared",
            deep + "{% set a = ns.x %}" + deep + "{{ a == ns.x }}",
            "too deep"),
        Arguments.of(
            "a deep list, ordered",
            deep + "{% set a = ns.x %}" + deep + "{{ a < ns.x }}",
            "too deep"),
        Arguments.of(
            "a namespace in itself",
            "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
            "too deep"),
        Arguments.of(
            "a namespace in its list",
            "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns.a }}",
            "too deep"),
        Arguments.of(
            "a macro that calls itself",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "too deep"),
        Arguments.of(
            "a macro that calls itself twice",
            "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
            LARGE_OR_DEEP),
        Arguments.of(
            "macros that call each other",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
            "too deep"),
        Arguments.of(
            "a loop that calls itself",
            "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "too deep"),
        Arguments.of(
            "a caller that calls",
            "{% macro m() %}{{ caller }}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}",
            "too deep"),
        Arguments.of("a power", "{{ 9 ** 99 ** 99 ** 99 }}", "4300 digits"),
        Arguments.of(
            "a factorial",
            "{% set ns = namespace(x=1) %}{% for i in range(1, 99999) %}{% set ns.x = ns.x * i %}{% endfor %}",
            "4300 digits"),
        Arguments.of("padding", "{{ 'a'.center(10 ** 9) }}", LARGE),
        Arguments.of("padding by a filter", "{{ 'a'|center(10 ** 9) }}", LARGE),
        Arguments.of("zeros", "{{ 'a'.zfill(10 ** 9) }}", LARGE),
        Arguments.of("tabs", "{{ ('\\t' * 99).expandtabs(10 ** 8) }}", LARGE),
        Arguments.of("indentation", "{{ 'a\\nb'|indent(10 ** 9) }}", LARGE),
        Arguments.of("JSON's indentation", "{{ [1]|tojson(indent=10 ** 9) }}", LARGE),
        Arguments.of("a width in a format", "{{ '%999999999d' % 1 }}", LARGE),
        Arguments.of("a precision in a format", "{{ '%.999999999f' % 1.0 }}", "precision too big"),
        Arguments.of("digits in a format", "{{ '%.999999999d' % 1 }}", "precision too big"),
        Arguments.of(
            "a precision in braces", "{{ '{:.999999999}'.format(1.5) }}", "precision too big"),
        Arguments.of("a width in braces", "{{ '{:999999999}'.format(1) }}", LARGE),
        Arguments.of("grouped zeros", "{{ '{:0999999999,}'.format(1) }}", LARGE),
        Arguments.of(
            "rounding",
            "{{ 1.5|round(10 ** 9) }}{{ 1|round(-(10 ** 9)) }}{{ 1.5|round(10 ** 9, 'floor') }}",
            "precision too big"),
        Arguments.of("replacement by more", "{{ ('a' * 99999)|replace('', 'b' * 99999) }}", LARGE),
        Arguments.of("a filled batch", "{{ [1]|batch(10 ** 9, 0)|list }}", LARGE),
        Arguments.of("many slices", "{{ [1]|slice(10 ** 9)|list }}", LARGE),
        Arguments.of(
            "joined ranges", "{% for i in range(999) %}{{ range(99999)|join }}{% endfor %}", LARGE),
        Arguments.of(
            "sorted ranges",
            "{% for i in range(999) %}{% set x = range(99999)|sort %}{% endfor %}",
            LARGE),
        Arguments.of(
            "searched text",
            "{% set x = 'a' * 999999 %}{% for i in range(99999) %}{% for j in range(99999) %}{{ x.count('b') }}{% endfor %}{% endfor %}",
            LARGE),
        Arguments.of(
            "split text",
            "{% set x = 'a ' * 999999 %}{% for i in range(99999) %}{% set y = x.split() %}{% endfor %}",
            LARGE),
        Arguments.of(
            "changed case",
            "{% set x = 'a' * 999999 %}{% for i in range(99999) %}{% set y = x|upper %}{% endfor %}",
            LARGE),
        Arguments.of(
            "lazy filters within each other",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}",
            "too deep"),
        Arguments.of(
            "many attributes",
            "{% set ns = namespace(x=1) %}{% for i in range(99999) %}{% for j in range(99999) %}{% set ns.y = [1] %}{% endfor %}{% endfor %}",
            LARGE),
        Arguments.of(
            "nested parentheses",
            "{{ " + "(".repeat(9999) + "1" + ")".repeat(9999) + " }}",
            "nests too deep"),
        Arguments.of(
            "nested lists", "{{ " + "[".repeat(9999) + "]".repeat(9999) + " }}", "nests too deep"),
        Arguments.of("many minus signs", "{{ " + "-".repeat(9999) + "1 }}", "nests too deep"),
        Arguments.of("many nots", "{{ " + "not ".repeat(9999) + "1 }}", "nests too deep"),
        Arguments.of("nested ifs", "{% if a %}".repeat(9999), "nests too deep"),
        Arguments.of("a long sum", "{{ 1" + " + 1".repeat(9999) + " }}", "too deep"),
        Arguments.of(
            "a long choice", "{{ 1" + " if 1 else 1".repeat(9999) + " }}", "nests too deep"),
        Arguments.of("a long path", "{{ a" + ".a".repeat(9999) + " }}", "too deep|undefined"),
        Arguments.of("many filters", "{{ a" + "|string".repeat(9999) + " }}", "too deep"),
        Arguments.of("too long", " ".repeat(256 * 1024 + 1), "longer than 262144"));
  }

  /** Work that is small in steps or in characters unless it is charged for, done over and over. */
  static Stream<Arguments> expensive() {
    String text = "{% set x = ('ab' * 1000) * 1000 %}";
    String pairs = "{% set x = ('a\\U0001f999' * 1000) * 500 %}";
    String digits = "{% set x = '1' * 4300 %}";
    String number = "{% set x = 3 ** 4400 %}";
    String list = "{% set x = [1] * 200000 %}";
    String self = "{% set x = namespace() %}{% set x.x = x %}";
    return Stream.of(
        repeated(text, "x.isidentifier()"),
        repeated(text, "x.istitle()"),
        repeated(text, "x|wordcount"),
        repeated(text, "x.removeprefix(x ~ 'a')"),
        repeated(text + "{% set z = (x[2:] ~ 'a',) * 1000 %}", "x.startswith(z, 1)"),
        repeated(text, "{}[x]"),
        repeated(text, "1|attr(x)"),
        repeated(text + "{% set m = {x: 1} %}{% set z = x[1:] ~ 'b' %}", "m['a' ~ z[:-1]]"),
        repeated(text + "{% set m = {x[1:]: 1} %}{% set x = x[1:] %}", "m[x]"),
        repeated(pairs, "x[-1]"),
        repeated(pairs, "x[-2:-1]"),
        repeated(pairs, "x|truncate(999999, false, '', 0)"),
        repeated(digits, "x|int"),
        repeated(digits, "x|float"),
        repeated(digits, "x[:2700]|int(0, 36)"),
        repeated(number, "x in range(0, 2 ** 200, 2 ** 184)"),
        repeated(number, "x|string|int"),
        repeated(
            "{% set x = dict(range(50000)|map('string')|batch(2)|list) %}", "''.format_map(x)"),
        repeated("", "2.2250738585072014e-308|string"),
        repeated("", "2.5e-308 ** 3"),
        repeated("", "1.0000000000000002 ** 1023"),
        repeated("", "'%.9999g' % 1.5"),
        repeated("", "'{:.9999}'.format(1.5)"),
        repeated("", "'%.0f' % 5e-324"),
        repeated(list + "{% set z = x + [] %}", "x == z"),
        repeated(list, "cycler(*x)"),
        repeated("{% set x = dict(range(9999)|map('string')|batch(2, 'a')) %}", "namespace(**x)"),
        repeated(self, "x" + ".x".repeat(390)),
        repeated(
            self + "{% set f = '{0' ~ '.x' * 99999 ~ '.y.y}' %}{% set x.y = {'y': 1} %}",
            "f.format(x)"),
        repeated("{% set f = '%' ~ '0' * 999999 ~ 'd' %}", "f % 1"),
        repeated("", "''" + " ~ ''".repeat(50_000)),
        repeated("", "0" + " or 0".repeat(390)),
        repeated(
            "{% macro " + "m".repeat(99_999) + "() %}{% endmacro %}", "m".repeat(99_999) + "()"),
        repeated("{% set " + "m".repeat(99_999) + " = 1 %}", "m".repeat(99_999)),
        repeated("{% set m = {'" + "m".repeat(99_999) + "': 1} %}", "m." + "m".repeat(99_999)),
        Arguments.of(
            "conditions",
            "{% for i in range(99999) %}{% for j in range(99999) %}{% if 0 %}"
                + "{% elif 0 %}".repeat(9999)
                + "{% endif %}{% endfor %}{% endfor %}",
            LARGE),
        Arguments.of(
            "a range's step",
            "{% set ns = namespace(x=range(1)) %}{% for i in range(99999) %}"
                + "{% set ns.x = ns.x[::2 ** 31 - 1] %}{% endfor %}{{ ns.x }}",
            "too big"),
        Arguments.of(
            "data and template in turns, apart",
            "{% set x = (data ~ ' ') * 100000 %}{% for i in range(99) %}"
                + "{{ x|title|length }}{{ x.split()|length }}{{ x|list|length }}{% endfor %}",
            LARGE),
        repeated("{% set x = (data ~ ' ') * 100000 %}", "x[5]"));
  }

  /** Values that take more memory than characters, unless that is charged for. */
  static Stream<Arguments> heavy() {
    return Stream.of(
        Arguments.of("data and template in turns", "{{ (data ~ ' ') * 1000000 }}", LARGE),
        Arguments.of("many borders", "{% set x = (data ~ ' ') * 2900000 %}{{ x * 2 }}", LARGE),
        kept("range(10 ** 4000)"),
        kept("9 ** 4400 + i"),
        kept("-x"),
        kept("x|abs"),
        kept("range(10 ** 4000, 10 ** 4000 + 5)[2]"),
        kept("dict([(i, 1), (-i, 2), (i + 0.5, 3), (-i - 0.5, 4)])"),
        kept("namespace(a=i)"),
        kept("cycler(1)"),
        kept("joiner()"),
        kept("[i]|map('abs')"),
        kept("[i]|batch(1)"),
        kept("[i]|select('odd')"),
        kept("loop"),
        kept("m"),
        kept("x.bit_length"),
        kept("{}[i]"),
        kept("{}.x"),
        kept("'abc'[1]"),
        kept("data ~ 1"),
        kept("[[], {}, ()]"),
        kept("i / 7"),
        kept("strftime_now('%Y')"),
        Arguments.of(
            "loops that are measured",
            "{% for a in range(99999) %}{% if loop.length %}".repeat(40)
                + "{% endif %}{% endfor %}".repeat(40),
            LARGE_OR_DEEP),
        Arguments.of(
            "large numbers of a range",
            "{{ range(10 ** 4000, 10 ** 4000 + 99999)|list }}",
            "too big"),
        Arguments.of("paths", "{{ [1]|sort(attribute=('.' * 999) * 999) }}", LARGE),
        Arguments.of("several paths", "{{ [1]|sort(attribute=(',' * 999) * 999) }}", LARGE),
        Arguments.of(
            "parts",
            "{% for i in range(99) %}{{ (('a ' * 1000) * 300).split()|length }}{% endfor %}",
            LARGE),
        Arguments.of(
            "mapped parts",
            "{% set ns = namespace() %}{% for i in range(99) %}"
                + "{% set ns.x = [ns.x, range(99999)|map('batch', 1)|list] %}{% endfor %}",
            LARGE),
        Arguments.of(
            "maps",
            "{% set ns = namespace() %}{% set p = range(999)|map('string')|map('center', 2)|list %}"
                + "{% for i in range(9999) %}{% set ns.x = [ns.x, dict(range(0, 999)|batch(2, 1))] %}"
                + "{% endfor %}",
            LARGE));
  }

  private static Arguments repeated(String setUp, String expression) {
    return Arguments.of(
        expression.substring(0, Math.min(40, expression.length())),
        setUp
            + "{% for i in range(99999) %}{% for j in range(99999) %}{% set y = "
            + expression
            + " %}{% endfor %}{% endfor %}",
        LARGE);
  }

  /** Keeps a value of every turn of a loop. */
  private static Arguments kept(String expression) {
    return Arguments.of(
        "kept: " + expression,
        "{% set x = 9 ** 4000 %}{% set ns = namespace() %}{% for j in range(99999) %}"
            + "{% for i in range(9) %}{% macro m() %}{{ caller() }}{% endmacro %}{% set ns.x = ["
            + expression
            + ", ns.x] %}{% endfor %}{% endfor %}",
        LARGE + "|too big");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void needsNoMoreThanAThreadsSmallestStack(String name, String template, String message)
      throws InterruptedException {
    Throwable[] failure = new Throwable[1];
    Thread thread =
        new Thread(
            null, () -> failure[0] = catchThrowable(() -> render(template)), name, 512 * 1024);
    thread.setDaemon(true);
    thread.start();
    thread.join(MOST_MILLISECONDS);
    assertThat(thread.isAlive()).as("still rendering").isFalse();
    assertThat(failure[0]).isInstanceOf(TemplateException.class);
    assertThat(failure[0].getMessage()).doesNotContain("stack").containsPattern(message);
  }

  @Test
  void needsNoMoreThan64MebibytesOfHeap() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                HostileTemplatesTest.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("rendered " + hostile().count());
  }

  /** Renders every hostile template, in a process of its own, and tells how long each took. */
  public static void main(String[] none) {
    int count = 0;
    for (Arguments arguments : hostile().toList()) {
      long start = System.nanoTime();
      Throwable failure = catchThrowable(() -> render((String) arguments.get()[1]));
      long milliseconds = (System.nanoTime() - start) / 1_000_000;
      System.out.println(milliseconds + " ms: " + arguments.get()[0]);
      if (!(failure instanceof TemplateException refused)
          || refused.kind() == TemplateException.Kind.FAULT) {
        throw new IllegalStateException("not refused: " + arguments.get()[0], failure);
      }
      if (milliseconds > MOST_MILLISECONDS) {
        throw new IllegalStateException("takes too long: " + arguments.get()[0]);
      }
      count++;
    }
    System.out.println("rendered " + count);
  }

  @Test
  void reachesNoObject() {
    for (String name :
        List.of(
            "''.__class__.__mro__",
            "[].__class__",
            "range.__globals__",
            "''.getClass()",
            "''.class.forName('java.lang.Runtime')",
            "namespace.__init__.__globals__",
            "raise_exception.__self__",
            "messages.__class__",
            "''['__class__']['__mro__']",
            "(1).__class__.__base__",
            "''.format.__globals__",
            "loop.__class__.x",
            "'{0.__class__.__mro__}'.format('')")) {
      assertThatThrownBy(() -> render("{{ (" + name + ").x.y }}"))
          .as(name)
          .isInstanceOf(TemplateException.class);
    }
  }

  @Test
  void roomGrowsWithTheArguments() {
    String document = "word ".repeat(2_000_000);
    String text =
        ChatTemplate.compile("{{ body|trim }}{{ body.split()|length }}{{ body|tojson|length }}")
            .render(Map.of("body", document), DATE)
            .text();
    assertThat(text).hasSize(document.length() - 1 + 7 + 8).endsWith("200000010000002");
  }

  private static String render(String template) {
    return ChatTemplate.compile(template).render(Map.of("data", "x"), DATE).text();
  }
}
