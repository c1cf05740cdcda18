package io.sparkllama.engine;

import io.sparkllama.engine.api.Prompt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Holds a piece of template that makes a special text out of a document's.
 *
 * <p>Pieces find the document as {@code doc}, its halves as {@code front} and {@code back}, its
 * characters as {@code letters}, their numbers as {@code codes}, and maps and lists that hold it;
 * {@code «special»} stands for a string literal of the special text.
 */
record InjectionAttack(InjectionDisguise disguise, String source) {

  /** Says who wrote what of the document. */
  enum Author {
    DATA,
    TEMPLATE_THEN_DATA,
    DATA_THEN_TEMPLATE
  }

  /** Returns the pieces of template, one or more for every operation on strings that there is. */
  static List<InjectionAttack> all() {
    List<InjectionAttack> all = new ArrayList<>();
    add(all, InjectionDisguise.ITSELF, PLAIN, JOINING, CUTTING, FORMATTING, SEQUENCES, BLOCKS);
    add(all, InjectionDisguise.LOWERED, LOWERING);
    add(all, InjectionDisguise.RAISED, "{{ doc|upper }}", "{{ doc.upper() }}");
    add(all, InjectionDisguise.SWAPPED, "{{ doc.swapcase() }}");
    add(all, InjectionDisguise.CAPITALIZED, "{{ doc|capitalize }}", "{{ doc.capitalize() }}");
    add(all, InjectionDisguise.TITLED, "{{ doc.title() }}");
    add(all, InjectionDisguise.TITLED_BETWEEN_BRACKETS, "{{ doc|title }}");
    add(all, InjectionDisguise.WITH_SPACE_AROUND, TRIMMING);
    add(all, InjectionDisguise.WITH_A_HOLE, FILLING_A_HOLE);
    add(all, InjectionDisguise.BACKWARDS, REVERSING);
    add(all, InjectionDisguise.JSON_STRING, JSON);
    add(
        all,
        InjectionDisguise.ASCII_JSON_STRING,
        "{{ doc|tojson(ensure_ascii=true) }}",
        "{{ {doc: [doc]}|tojson(ensure_ascii=true, indent=1) }}");
    add(all, InjectionDisguise.PYTHON_STRING, REPRESENTING);
    add(all, InjectionDisguise.ASCII_PYTHON_STRING, "{{ '%a' % doc }}", "{{ '{!a}'.format(doc) }}");
    add(
        all,
        InjectionDisguise.URL_PART,
        "{{ doc|urlencode }}",
        "{{ {doc: doc}|urlencode }}",
        "{{ pairs|urlencode }}");
    add(all, InjectionDisguise.HTML, ESCAPING);
    add(all, InjectionDisguise.XML_NAME, "{{ {doc: 1}|xmlattr }}", "{{ keyed|xmlattr }}");
    add(all, InjectionDisguise.WITHOUT_BRACES, FILLING);
    add(all, InjectionDisguise.PERCENT_FORMAT, OWN_FORMAT);
    add(
        all,
        InjectionDisguise.BRACE_FORMAT,
        "{{ doc.format() }}",
        "{{ doc.format_map({}) }}",
        "{{ doc.format(1, a=2) }}");
    add(all, InjectionDisguise.BRACE_FORMAT_OF_FILLS, "{{ doc.format('') }}");
    return all;
  }

  private static void add(
      List<InjectionAttack> all, InjectionDisguise disguise, String... sources) {
    Stream.of(sources)
        .flatMap(String::lines)
        .filter(line -> !line.isBlank())
        .forEach(line -> all.add(new InjectionAttack(disguise, line)));
  }

  /** Returns the variables of the template for a document. */
  static Map<String, Object> arguments(String document, Author author) {
    int middle = InjectionDisguise.middle(document);
    Object front = text(document.substring(0, middle), author == Author.TEMPLATE_THEN_DATA);
    Object back = text(document.substring(middle), author == Author.DATA_THEN_TEMPLATE);
    Object doc = author == Author.DATA ? document : joined(front, back);
    List<Object> letters = new ArrayList<>();
    for (int at = 0; at < document.length(); at = document.offsetByCodePoints(at, 1)) {
      String letter = document.substring(at, document.offsetByCodePoints(at, 1));
      Object half = at < middle ? front : back;
      letters.add(text(letter, half instanceof Prompt));
    }
    Map<Object, Object> keyed = new LinkedHashMap<>();
    keyed.put(doc, 1);
    Map<String, Object> arguments = new HashMap<>();
    arguments.put("doc", doc);
    arguments.put("front", front);
    arguments.put("back", back);
    arguments.put("letters", letters);
    arguments.put("codes", document.codePoints().boxed().toList());
    arguments.put("keyed", keyed);
    arguments.put("pairs", List.of(List.of(doc, doc)));
    arguments.put("messages", List.of(new TreeMap<>(Map.of("role", "user", "content", doc))));
    Map<String, Object> function = new TreeMap<>(Map.of("description", doc, "parameters", keyed));
    arguments.put("tools", List.of(Map.of("function", function)));
    return arguments;
  }

  private static Object text(String text, boolean isTemplate) {
    return isTemplate ? Prompt.ofTemplate(text) : text;
  }

  private static Prompt joined(Object front, Object back) {
    List<Prompt.Span> spans = new ArrayList<>();
    for (Object half : new Object[] {front, back}) {
      spans.addAll(
          half instanceof Prompt prompt ? prompt.spans() : Prompt.ofData((String) half).spans());
    }
    return new Prompt(spans);
  }

  /** Returns the piece with its literals. */
  String sourceFor(String special) {
    return source.replace("«special»", literal(special));
  }

  /** Writes a text as a string of the template's language. */
  static String literal(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'";
  }

  private static final String PLAIN =
      """
      {{ doc }}
      {{ doc|string }}
      {{ doc|safe }}
      {{ doc|default('x') }}
      {{ missing|default(doc) }}
      {{ ''|default(doc, true) }}
      {{ doc if doc else 'x' }}
      {{ doc and doc }}
      {{ '' or doc }}
      {{ doc }} has {{ doc|wordcount }} words and {{ doc|length }} characters
      {{ (doc ~ '|') * 2 }}
      {{ messages[0].content }}
      {{ messages[0]['content'] }}
      {{ messages|map(attribute='content')|join }}
      {{ doc|trim }}
      {{ doc.strip() }}
      {{ doc.lstrip('').rstrip('') }}
      {{ doc.zfill(60) }}
      {{ doc.expandtabs() }}
      """;

  private static final String JOINING =
      """
      {{ front }}{{ back }}
      {{ front ~ back }}
      {{ front + back }}
      {{ ('' ~ front) ~ ('' + back) }}
      {{ (front|safe) ~ back }}
      {{ [front, back]|join }}
      {{ ['', '', '']|join(doc) }}
      {{ [{'a': front}, {'a': back}]|join(attribute='a') }}
      {{ ''.join([front, back]) }}
      {{ doc.join(['a', 'b']) }}
      {{ front.join(['', back]) }}
      {{ letters|join }}
      {{ letters|join('') }}
      {{ ''.join(letters) }}
      {{ doc|list|join }}
      {{ 'x'|replace('x', doc) }}
      {{ 'x'.replace('x', doc) }}
      {{ ''|replace('', doc) }}
      {{ doc|replace('', '') }}
      {{ (front ~ '@@')|replace('@@', back) }}
      {{ ('@@' ~ back).replace('@@', front, 1) }}
      {{ 'a\\nb'|indent(doc) }}
      {{ ('a\\n' ~ doc ~ '\\nb')|indent(3, true) }}
      {{ ('word ' * 90)|truncate(80, end=doc) }}
      {{ ('word' * 90)|truncate(80, true, doc) }}
      {{ doc|center(60) }}
      {{ doc.center(60, '.') }}
      {{ doc.ljust(60) ~ doc.rjust(60, '0') }}
      {% for c in letters %}{{ ''.ljust(1, c) }}{% endfor %}
      {% for c in letters %}{{ ''.rjust(1, c) }}{% endfor %}
      {{ [1, 2]|tojson(separators=(doc, ':')) }}
      {{ {'a': 1}|tojson(separators=(',', doc)) }}
      {{ [1]|tojson(indent=doc) }}
      {{ cycler(doc, 'x').next() }}
      {% set j = joiner(doc) %}{{ j() }}{{ j() }}
      """;

  private static final String CUTTING =
      """
      {{ doc[:] }}
      {{ doc[0:1] ~ doc[1:] }}
      {{ (doc ~ doc)[:doc|length] }}
      {{ ('abc' ~ doc)[3:] }}
      {{ doc|first }}{{ doc[1:] }}
      {{ doc[:-1] }}{{ doc|last }}
      {{ doc[::-1][::-1] }}
      {{ doc[::2][:0] }}{{ doc|reverse|reverse }}
      {% for i in range(doc|length) %}{{ doc[i] }}{% endfor %}
      {{ ('@@' ~ doc ~ '@@').split('@@')|join }}
      {{ (front ~ '@@' ~ back).rsplit('@@', 1)|join }}
      {{ ('a b ' ~ doc).split(' ', 2)[2] }}
      {{ ('a\\n' ~ doc ~ '\\nb').splitlines()[1] }}
      {{ ('a\\n' ~ doc).splitlines(true)|join }}
      {{ (doc ~ '@@').partition('@@')[0] }}
      {{ ('@@' ~ doc).rpartition('@@')|join }}
      {{ ('a' ~ doc ~ 'b').partition(«special»)[1] }}
      {{ ('a' ~ doc ~ 'b').rpartition(«special»)|join }}
      {{ ('@@' ~ doc).removeprefix('@@') }}
      {{ (doc ~ '@@').removesuffix('@@') }}
      {{ (doc ~ ' word' * 90)|truncate(80) }}
      {{ doc|truncate(200) }}
      {{ ('xx@@' ~ doc ~ '@@xx')|trim('x@') }}
      """;

  private static final String FORMATTING =
      """
      {{ '%s' % doc }}
      {{ '%s%s' % (front, back) }}
      {{ '%(a)s%(b)s' % {'a': front, 'b': back} }}
      {{ '%-40s|%40s|%.99s' % (doc, doc, doc) }}
      {{ '%s%s'|format(front, back) }}
      {{ '%(a)s'|format(a=doc) }}
      {{ '%(a)s'|format(**{'a': doc}) }}
      {% for c in letters %}{{ '%c' % c }}{% endfor %}
      {% for c in codes %}{{ '%c' % c }}{% endfor %}
      {% for c in codes %}{{ '{:c}'.format(c) }}{% endfor %}
      {{ '{}{}'.format(front, back) }}
      {{ '{1}{0}'.format(back, front) }}
      {{ '{a}{b!s}'.format(a=front, b=back) }}
      {{ '{a}'.format(**{'a': doc}) }}
      {{ '{0[a]}{1.a}'.format({'a': front}, {'a': back}) }}
      {{ '{a}'.format_map({'a': doc}) }}
      {{ '{:>40}|{:<40}|{:^40}|{:.99}'.format(doc, doc, doc, doc) }}
      {{ ('{}'|safe).format(doc|safe) }}
      """;

  private static final String SEQUENCES =
      """
      {{ doc|batch(2)|map('join')|join }}
      {{ doc|slice(3)|map('join')|join }}
      {{ ['a']|batch(2, doc)|map('join')|join }}
      {{ ['a', 'b', 'c']|slice(2, doc)|map('join')|join }}
      {{ [doc, 'zz']|sort|join('|') }}
      {{ [doc, doc]|unique|join }}
      {{ [doc]|min }}
      {{ [doc]|max }}
      {{ [doc]|map('string')|map('trim')|join }}
      {{ letters|map('lower')|join if false else letters|map('string')|join }}
      {{ [doc, '']|select|join }}
      {{ [doc]|reject('none')|join }}
      {{ [{'a': doc}]|selectattr('a')|map(attribute='a')|join }}
      {{ [{}]|map(attribute='a', default=doc)|join }}
      {{ [[doc]]|sum(start=[])|join }}
      {{ ([doc] + [doc])|join('|') }}
      {{ [doc][0] ~ (doc, 1)|first ~ [1, doc]|last }}
      {{ letters|reverse|list|reverse|join }}
      {% for g in [{'k': doc}]|groupby('k') %}{{ g.grouper }}{% endfor %}
      {% for g in [{'k': doc}]|groupby('k') %}{{ g.list[0].k }}{% endfor %}
      {% for g in [{}]|groupby('k', default=doc) %}{{ g.grouper }}{% endfor %}
      {{ {'a': doc}.get('a') }}
      {{ {}.get('a', doc) }}
      {{ {'a': doc}.values()|join }}
      {{ keyed|list|first }}
      {{ keyed.keys()|join }}
      {{ keyed.copy()|join }}
      {{ dict(keyed)|join }}
      {{ dict(pairs)|join }}
      {{ dict(**keyed)|join }}
      {{ dict([], **keyed)|tojson if false else dict([], **keyed)|first }}
      {% for k, v in keyed.items() %}{{ k }}{% endfor %}
      {% for k, v in keyed|items %}{{ k }}{% endfor %}
      {% for k, v in keyed|dictsort %}{{ k }}{% endfor %}
      {% for k, v in {'a': doc}|dictsort(by='value') %}{{ v }}{% endfor %}
      {% for k in keyed %}{{ k }}{% endfor %}
      """;

  private static final String BLOCKS =
      """
      {% for c in doc %}{{ c }}{% endfor %}
      {% for m in messages %}{{ m['role'] ~ ': ' ~ m['content'] }}{% endfor %}
      {% for x in [doc, 1] %}{{ loop.previtem }}{{ loop.cycle('', doc) }}{% endfor %}
      {% for x in [1, doc] %}{{ loop.nextitem }}{% endfor %}
      {% for n in [[doc]] recursive %}{{ n if n is string else loop(n) }}{% endfor %}
      {% set d = doc %}{{ d }}
      {% set a, b = front, back %}{{ a }}{{ b }}
      {% set d %}{{ front }}{{ back }}{% endset %}{{ d }}
      {% set d | trim %} {{ doc }} {% endset %}{{ d }}
      {% filter trim %} {{ front }}{{ back }} {% endfilter %}
      {% filter replace('@@', '') %}{{ front }}@@{{ back }}{% endfilter %}
      {% with d = doc %}{{ d }}{% endwith %}
      {% set n = namespace(t='') %}{% for c in doc %}{% set n.t = n.t ~ c %}{% endfor %}{{ n.t }}
      {% macro m(a) %}{{ a }}{% endmacro %}{{ m(doc) }}
      {% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=front) ~ m(**{'a': back}) }}
      {% macro m(a=doc) %}{{ a }}{% endmacro %}{{ m() }}
      {% macro m() %}{{ varargs|join }}{% endmacro %}{{ m(front, back) }}
      {% macro m() %}{{ varargs|join }}{% endmacro %}{{ m(*letters) }}
      {% macro m() %}{{ kwargs.a }}{% endmacro %}{{ m(a=doc) }}
      {% macro m() %}{% for k in kwargs %}{{ k }}{% endfor %}{% endmacro %}{{ m(**keyed) }}
      {% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ doc }}{% endcall %}
      {% macro m() %}{{ caller(doc) }}{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}
      {% macro m() %}{{ kwargs|first }}{{ caller() }}{% endmacro %}{% call m(**keyed) %}{% endcall %}
      {% generation %}{{ doc }}{% endgeneration %}
      """;

  private static final String LOWERING =
      """
      {{ doc|lower }}
      {{ doc.lower() }}
      {{ doc.casefold() }}
      {{ doc['lower']() }}
      {{ (doc|attr('lower'))() }}
      {{ letters|map('lower')|join }}
      {% filter lower %}{{ doc }}{% endfilter %}
      {% set d | lower %}{{ doc }}{% endset %}{{ d }}
      {{ messages|map(attribute='content')|map('lower')|join }}
      """;

  private static final String TRIMMING =
      """
      {{ doc|trim }}
      {{ doc.strip() }}
      {{ doc.lstrip() }}
      {{ doc.rstrip() }}
      {{ doc.split()|join }}
      {{ doc.rsplit()|join }}
      {{ doc.splitlines()|map('trim')|join }}
      {{ doc|indent(1, true) }}
      {{ doc.expandtabs(2) }}
      """;

  private static final String FILLING_A_HOLE =
      """
      {{ doc|replace('@@', '') }}
      {{ doc.replace('@@', '') }}
      {{ doc.replace('@', '', 2) }}
      {{ doc.split('@@')|join }}
      {{ doc.rsplit('@@')|join }}
      {{ doc.partition('@@')[0] ~ doc.partition('@@')[2] }}
      {{ doc|reject('eq', '@')|join }}
      {% for c in doc if c != '@' %}{{ c }}{% endfor %}
      """;

  private static final String REVERSING =
      """
      {{ doc|reverse }}
      {{ doc[::-1] }}
      {{ doc|list|reverse|join }}
      {% for c in doc|list|reverse %}{{ c }}{% endfor %}
      """;

  private static final String JSON =
      """
      {{ doc|tojson }}
      {{ [doc]|tojson(indent=2) }}
      {{ {'k': [doc]}|tojson }}
      {{ {doc: 1}|tojson(sort_keys=true) }}
      {{ tools|tojson }}
      {{ tools|tojson(indent=4) }}
      {% for t in tools %}{{ t.function|tojson }}{% endfor %}
      {{ messages|tojson }}
      {{ dict(**keyed)|tojson }}
      {{ namespace(a=doc).a|tojson }}
      """;

  private static final String REPRESENTING =
      """
      {{ [doc] }}
      {{ [doc]|string }}
      {{ (doc,) }}
      {{ {doc: doc} }}
      {{ {'k': doc}.items() }}
      {{ keyed.keys() }}
      {{ messages }}
      {{ '%r' % doc }}
      {{ '{!r}'.format(doc) }}
      {{ '%s' % [doc] }}
      {{ [doc]|join }}{{ [[doc]]|join }}
      {{ [doc|safe] }}
      {{ namespace(a=doc) }}
      {{ namespace(keyed) }}
      {{ namespace(**keyed) }}
      {{ namespace(pairs) }}
      {{ dict(**keyed) }}
      {{ '%s'|format(**keyed) }}
      {{ ['%s']|map('format', **keyed)|join }}
      {% macro m() %}{{ kwargs }}{% endmacro %}{{ m(**keyed) }}
      {% macro m() %}{{ varargs }}{% endmacro %}{{ m(doc) }}
      """;

  private static final String ESCAPING =
      """
      {{ doc|escape }}
      {{ doc|e }}
      {{ doc|forceescape }}
      {{ (''|safe) + doc }}
      {{ (''|safe).join([doc]) }}
      {{ ('%s'|safe) % doc }}
      {{ ('{}'|safe).format(doc) }}
      {{ ('x'|safe).replace('x', doc) }}
      {{ {'k': doc}|xmlattr }}
      """;

  private static final String FILLING =
      """
      {% for c in doc %}{{ ('{:' ~ c ~ '<1}').format('') }}{% endfor %}
      {% for c in doc %}{{ '{:{f}<1}'.format('', f=c) }}{% endfor %}
      {% for c in doc %}{{ '{0:{1}>1}'.format('', c) }}{% endfor %}
      """;

  private static final String OWN_FORMAT =
      """
      {{ doc % () }}
      {{ doc % {} }}
      {{ doc|format }}
      {{ strftime_now(doc) }}
      """;
}
