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
  private static final LocalDate DATE = LocalDate.of(2024, 7, 26);

  static Stream<Arguments> hostile() {
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

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void needsNoMoreThanAThreadsSmallestStack(String name, String template, String message)
      throws InterruptedException {
    Throwable[] failure = new Throwable[1];
    Thread thread =
        new Thread(
            null, () -> failure[0] = catchThrowable(() -> render(template)), name, 512 * 1024);
    thread.start();
    thread.join();
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
      if (!(failure instanceof TemplateException)) {
        throw new IllegalStateException("not refused: " + arguments.get()[0], failure);
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
    return ChatTemplate.compile(template).render(Map.of(), DATE).text();
  }
}
