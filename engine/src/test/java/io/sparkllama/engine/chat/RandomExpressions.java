package io.sparkllama.engine.chat;

import java.util.List;
import java.util.Random;

/** Makes random templates that chain filters, methods and operators over the given variables. */
final class RandomExpressions {
  private static final List<String> TEXTS =
      List.of(
          "doc", "other", "letter", "items[0]", "items[-1]", "table|first", "'ab c'", "'%s-{}'");
  private static final List<String> LISTS =
      List.of("items", "table", "rows[0]|list", "table.values()", "[doc, 'x', 3]", "(other, doc)");
  private static final List<String> MAPS =
      List.of("table", "{doc: other}", "{'a': doc}", "dict(**table)", "dict(a=letter, **table)");

  /** {@code T} is a text, {@code L} a list, {@code M} a map, {@code #} a small number. */
  private static final List<String> MAKE_TEXT =
      List.of(
          "T|upper",
          "T|lower",
          "T|capitalize",
          "T|title",
          "T|trim",
          "T|string",
          "T|e",
          "T|safe",
          "T|forceescape",
          "T|urlencode",
          "T|reverse",
          "T|center(#)",
          "T|indent(#, true)",
          "T|indent(T)",
          "T|replace(T, T)",
          "T|replace('a', T, #)",
          "T|truncate(#, true, '.', 0)",
          "T|truncate(9, false, letter, 0)",
          "T|default(T, true)",
          "T|format(T)",
          "T|format(**M)",
          "T|tojson",
          "T|tojson(ensure_ascii=true)",
          "T|trim(T)",
          "T.upper()",
          "T.swapcase()",
          "T.casefold()",
          "T.title()",
          "T.strip(T)",
          "T.lstrip()",
          "T.rstrip(letter)",
          "T.replace(T, T, #)",
          "T.removeprefix(T)",
          "T.removesuffix(T)",
          "T.center(#, letter)",
          "T.ljust(#, letter)",
          "T.rjust(#, '*')",
          "T.zfill(#)",
          "T.expandtabs(#)",
          "T.join(L|map('string'))",
          "T.format(T, L)",
          "'{0:{1}^#}'.format(T, letter)",
          "'{:{}>#}'.format(#, letter)",
          "'{0!r:>#} {0!s} {1!a}'.format(T, L)",
          "'{a} {b.a}'.format(a=T, b=M)",
          "T.format_map(M)",
          "'%s %r' % (T, L)",
          "'%-#s|%#s' % (T, T)",
          "'%(a)s' % dict(a=T)",
          "'%s' % M",
          "T % (T,)",
          "T ~ T",
          "T + T",
          "T * 2",
          "T[#:]",
          "T[:-#]",
          "T[::-1]",
          "T[1::2]",
          "T[0]",
          "L|join(T)",
          "L|join",
          "L|tojson",
          "L|tojson(indent=#)",
          "M|tojson(sort_keys=true, indent=letter)",
          "L|tojson(separators=(T, T))",
          "L|string",
          "M|string",
          "L|first|string",
          "L|last|string",
          "L|max|string",
          "M|items|list|string",
          "M|dictsort|string",
          "M|xmlattr",
          "M|urlencode",
          "namespace(**M)|string",
          "namespace(M)|string",
          "(T if L else T)",
          "(T or T)",
          "(T and T)",
          "strftime_now(T)",
          "strftime_now('%' ~ T)",
          "joiner(T)|string",
          "T.partition(T)|join",
          "m(T, **M)",
          "m(*L)",
          "(L|groupby(0)|string)");

  private static final List<String> MAKE_LIST =
      List.of(
          "L|sort",
          "L|reverse|list",
          "L|unique|list",
          "L|list",
          "L|map('upper')|list",
          "L|map('string')|list",
          "L|map('center', #)|list",
          "L|map('replace', T, T)|list",
          "L|select('string')|list",
          "L|reject('in', T)|list",
          "L|batch(2, T)|list",
          "L|slice(2, T)|list",
          "L + [T]",
          "[T, T]",
          "(T, M)",
          "T|list",
          "T.split()",
          "T.split(T)",
          "T.rsplit(T, #)",
          "T.splitlines(true)",
          "T.partition(T)",
          "T.rpartition(T)",
          "M|list",
          "M.keys()",
          "M.values()|list",
          "M.items()|list",
          "M|dictsort",
          "L[1:]",
          "L[::-1]",
          "L * 2",
          "rows|map(attribute=table|first)|list",
          "rows|groupby(table|first)",
          "rows|map(attribute='a', default=T)|list",
          "L|map('format', **M)|list");

  private static final List<String> MAKE_MAP =
      List.of(
          "dict(**M)",
          "dict(M, **M)",
          "dict(x=T, **M)",
          "dict(M|items)",
          "{T: T, 'k': L}",
          "M.copy()",
          "dict([(T, L)])",
          "{T: M}");

  private static final List<String> TEMPLATES =
      List.of(
          "{{ T }}",
          "a{{ L }}b",
          "{{ M }}",
          "{% for x in L %}{{ loop.index }}{{ x }}{% endfor %}",
          "{% for k, v in (M)|items %}{{ k }}={{ v }}{% endfor %}",
          "{% set x = T %}{{ x ~ '!' ~ x }}",
          "{% set x %}z{{ T }}{% endset %}{{ x|upper }}",
          "{% filter indent(#) %}q{{ T }}{% endfilter %}",
          "{% call(x) n(T) %}<{{ x }}>{% endcall %}",
          "{% set ns = namespace(a=T, **M) %}{% set ns.b = L %}{{ ns }}{{ ns.a }}{{ ns.b }}",
          "{% with a = T, b = L %}{{ a }}{{ b }}{% endwith %}",
          "{% for c in T %}{{ c|upper }}{{ loop.cycle(T, '-') }}{% endfor %}");

  private static final String MACROS =
      "{% macro m(a='d', b='e') %}[{{ a }}{{ b }}{{ varargs }}{{ kwargs }}]{% endmacro %}"
          + "{% macro n(a) %}({{ caller(a) }}){% endmacro %}";

  private final Random random;

  RandomExpressions(long seed) {
    random = new Random(seed);
  }

  /** Returns a template of ASCII characters, which may well fail when it is rendered. */
  String template() {
    return MACROS + filled(pick(TEMPLATES), 3);
  }

  private String filled(String pattern, int depth) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      switch (c) {
        case 'T' -> out.append('(').append(expression(TEXTS, MAKE_TEXT, depth)).append(')');
        case 'L' -> out.append('(').append(expression(LISTS, MAKE_LIST, depth)).append(')');
        case 'M' -> out.append('(').append(expression(MAPS, MAKE_MAP, depth)).append(')');
        case '#' -> out.append(1 + random.nextInt(12));
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  private String expression(List<String> leaves, List<String> makers, int depth) {
    return depth == 0 || random.nextInt(3) == 0 ? pick(leaves) : filled(pick(makers), depth - 1);
  }

  private String pick(List<String> choices) {
    return choices.get(random.nextInt(choices.size()));
  }
}
