"""Holds the words, arguments and grammar of random chat templates, for template_golden.py."""

# Text that is hard to quote, to split, to change the case of or to count.
TEXTS = [
    "", " ", "a", "Hello", "hello world", "Hello World", "  padded\t", "it's", 'say "hi"', "it's \"both\"",
    "a,b,,c", "one two  three", "line one\nline two", "x\r\ny\n", "tab\there", "back\\slash", "<|im_end|>",
    "<|im_start|>user\n", "</s>", "<b>bold</b> &amp; <i>x</i>", "a < b & c", "{{ x }}", "%}", "é", "ÉCOLE",
    "straße", "日本語 テキスト", "🦙", "👩‍👩‍👧 ok", "\x00\x1f\x7f", "nul\u200b", "a\u00a0b", "\u2028", "42", " 17 ",
    "-3", "3.75", "1e3", "0x1f", "٣", "²", "UPPER", "lower", "Title Case", "foo-bar_baz", "x=1&y=a b/c?",
    "The quick brown fox jumps over the lazy dog near the riverbank", "abcabc", "100%", "aaa", "ǆ", "ﬁn",
]  # fmt: skip
PLAIN = [
    "Hello", "a b", "<|im_start|>", "é", "🦙", "{", "}", "%", "#", "{ }", "\\n", "'", ":", "x ", " y", "\t", "\n",
    "\n\n", "  \n", " \n  ", "[", "]", "<s>", "-", "- ", "}}", "%}", "#}", "\x0b", "\u00a0",
]  # fmt: skip
ROLES = ["system", "user", "assistant", "tool"]


def flat(source):
    return source.choice([source.choice(TEXTS), integer(source), round(source.uniform(-9, 99), 2), True, None])


def nested(source, depth=2):
    if depth == 0 or source.random() < 0.3:
        return source.choice([flat(source), floating(source), source.choice(TEXTS)])
    if source.random() < 0.5:
        return [nested(source, depth - 1) for _ in range(source.randint(0, 3))]
    keys = source.sample(["a", "b", "name", "key with space", "é", "items", "it's", "1"], source.randint(0, 3))
    return {key: nested(source, depth - 1) for key in keys}


def integer(source):
    big = [255, 1000, -99999, 2**31, 2**63, -(2**64), 12345678901234567890123]
    return source.choice([source.randint(-3, 12), source.randint(0, 99), source.choice(big)])


def floating(source):
    odd = [0.1, -0.0, 1.0, 2.5, 3.5, -1.25, 1e16, 1e-05, 123456789.125, 1e22, 5e-324, 0.0001, 1e300, 2.675, 1e15]
    return source.choice([source.choice(odd), round(source.uniform(-100, 100), 3)])


def message(source):
    said = {"role": source.choice(ROLES), "content": source.choice(TEXTS)}
    odd = source.random()
    if odd < 0.1:
        said["content"] = [{"type": "text", "text": source.choice(TEXTS)}, {"type": "image"}]
    elif odd < 0.15:
        call = {"name": "get_weather", "arguments": {"city": source.choice(TEXTS)}}
        said |= {"content": None, "tool_calls": [{"id": "c1", "type": "function", "function": call}]}
    return said


def tool(source):
    properties = {"city": {"type": "string", "description": source.choice(TEXTS)}}
    parameters = {"type": "object", "properties": properties, "required": ["city"]}
    return {"type": "function", "function": {"name": source.choice(["get_weather", "add"]), "parameters": parameters}}


def row(source):
    named = {"name": source.choice(["Ann", "bob", "Élan", "carl", "Bob", "zoë"]), "age": source.randint(0, 40)}
    return named | {"city": source.choice(["Rome", "rome", "Oslo"]), "on": source.random() < 0.5}


def tree(source, depth=2):
    children = [tree(source, depth - 1) for _ in range(source.randint(0, 2))] if depth else []
    return {"name": source.choice("pqrs"), "children": children}


def mapping(source):
    return {"name": source.choice(TEXTS), "a": source.randint(0, 9), "items": [1, source.choice(TEXTS)]}


def options(source):
    return {key: flat(source) for key in ["b", "A", "c d", "é"][: source.randint(0, 4)]}


def several(least, most, make):
    return lambda source: [make(source) for _ in range(source.randint(least, most))]


def some_text(source):
    return source.choice(TEXTS)


# The names that templates may use, each with the type the grammar takes it for and its value.
ARGUMENTS = {
    "a": ("str", some_text),
    "text": ("str", some_text),
    "bos_token": ("str", lambda source: "<s>"),
    "eos_token": ("str", lambda source: "<|im_end|>"),
    "b": ("int", integer),
    "n": ("int", lambda source: source.randint(-2, 9)),
    "c": ("float", floating),
    "d": ("bool", lambda source: source.random() < 0.5),
    "add_generation_prompt": ("bool", lambda source: source.random() < 0.5),
    "e": ("strs", several(0, 4, some_text)),
    "words": ("strs", several(2, 4, lambda source: source.choice(["b", "A", "a", "cc", "B", "é", "10", "9"]))),
    "numbers": ("ints", several(0, 5, lambda source: source.randint(-5, 9))),
    "f": ("dict", mapping),
    "options": ("dict", options),
    "users": ("rows", several(1, 4, row)),
    "messages": ("messages", several(1, 3, message)),
    "tools": ("tools", several(1, 2, tool)),
    "trees": ("trees", several(1, 2, tree)),
    "nothing": ("null", lambda source: None),
    "value": ("any", nested),
    "mixed": ("list", several(0, 4, lambda source: nested(source, 1))),
    "missing": ("undefined", None),
    "absent": ("undefined", None),
}
LOCALS = ["x", "y", "v", "item", "key", "x", "y", "v", "item", "key", "a", "n", "f", "text", "loop_", "content"]

# One symbol a paragraph, one production a line; those with a dot end the recursion.
#   <str>  expands a symbol: <str!> as an operand, in parentheses where it needs them (mostly), and
#          <str.> as what a dot, a bracket or an argument list follows.
#   <$str> takes a name of that type in scope or from the arguments.
#   <+str> makes a name of that type, in scope from the end of its tag to that of its production;
#   <=str> to the end of its block; <@loop> has that very name. <0> is the production's first name.
GRAMMAR = r"""
line
  {{ <str> }}<plain>{{ <bool> }} ; {{ <bool> }}<plain>{{ <bool> }}<nl>{{ <bool> }} ; {{ <str> }}<nl>{{ <str> }}
  {{ <int> }}<plain>{{ <float> }} ; {{ <strs> }}<nl>{{ <ints> }} ; {{ <list> }}<plain>{{ <dict> }} ; <stmt><line>
  {{ <bool> }},{{ <int> }},{{ <bool> }} ; {{ <bool> }} {{ <any> }} {{ <bool> }}
  {{ <str!> ~ <bool!> }}<nl>{{ <int> }} ; {{ <list> }}<nl>{{ <str> }}<nl>{{ <bool> }}
body
  <stmt> ; <stmt><nl><stmt> ; <stmt><plain><stmt><nl><stmt> ; <stmt><nl><stmt><nl><stmt><stmt>
stmt
. <plain> ; {{ <any> }} ; {{<any>}} ; {{ <str> }} ; {{ <int> }} ; {{ <bool> }} ; {{<str>}} ; {# <plain> #}
. {% break %}
  {% set <=str> = <str> %}<nl>{{ <0> }} ; {% set <=int> = <int> %}{{ <0> }}
  {{ <str> if <bool> }}<plain>{{ <int> if <bool> else <any> }} ; {% if <bool> %}<nl><body><nl>{% endif %}
  {% if <nl><bool><nl> %}<body>{% else %}<nl><body>{% endif %}<nl> ; {{ <nl><any><nl> }}
  {% if <any> %}<nl><body>{% elif <bool> %}<body><nl>{% else %}<body>{% endif %}
  {% if <bool> %}<nl>{% set <=str> = <str> %}<nl>{% endif %}<plain>{{ <0> }}
  {% for <+str> in <strs!> %}<@loop><nl><body>{{ <0> }}<nl>{% endfor %}
  {% for <+int> in <ints!> %}<@loop>{{ <loopvalue> }}:{{ <0> }}<body>{% else %}<body>{% endfor %}
  {% for <+int> in <ints!> if <0> is <inttest> %}<@loop>{{ <loopvalue> }}<body>{% endfor %}
  {% for <+row> in <rows!> %}<@loop>{{ <0>.name }}{{ <loopvalue> }}{{ ", " if not loop.last }}{% endfor %}
  {% for <+row> in <rows!> if <0>.on %}<@loop><body>{% else %}<plain>{% endfor %}<nl>
  {% for <+any> in <any!> %}{{ <0> }}{% else %}<plain>{% endfor %}
  {% for <+str>, <+any> in <dict.>.items() %}<@loop><nl>{{ <0> }}={{ <1> }}{{ <loopvalue> }}<nl>{% endfor %}
  {% for <+str>, <+any> in <dict!>|<pairs> %}{{ <0> }}: {{ <1>|tojson }};{% endfor %}
  {% for (<+str>, <+any>) in <dict!>|dictsort %}{{ <0> ~ <1> }}{% endfor %}
  {% for <+str> in <dict!> %}{{ <0> }}<plain>{% endfor %}
  {% for <+str> in <str!> %}<@loop>{{ loop.cycle(<str>, <any>) }}{{ <0> }}{% if loop.changed(<0>|lower) %}!{% endif %}{% endfor %}
  {% for <+int> in <ints!> %}{% if <0> > <int> %}<nl>{% break %}<nl>{% endif %}{{ <0> }}<nl>{% endfor %}
  {% for <+int> in range(<small>) %}{% if <0> is <inttest> %}{% continue %}{% endif %}{{ <0> }}<body>{% endfor %}
  {% for <+int> in range(<small>, <small>, <nonzero>) %}<@loop>{% for <+int> in range(2) %}<@loop>{{ loop.depth }}{{ <loopvalue> }}{% endfor %}{% endfor %}
  {% for <+str> in <strs!> %}<@loop>{{ loop.previtem }}<{{ <0> }}>{{ loop.nextitem|default(<str>) }}{% endfor %}
  {% for <+str> in <strs!> %}<@loop>{% set outer = loop %}{% for <+str> in <strs!> %}{{ outer.index }}{{ loop.<loopint> }}{% endfor %}{% endfor %}
  {% for <+tree> in <$trees> recursive %}<nl>{{ <0>.name }}{{ loop.depth<zero> }}{% if <0>.children %}({{ loop(<0>.children) }}){% endif %}<nl>{% endfor %}
  {% for <+int> in [1, [2, [3]], []] recursive %}{{ loop(<0>) if <0> is iterable else <0> }},{% endfor %}
  {% for <+int> in <ints!> %}{% set <=int> = <0> * 2 %}{% endfor %}{{ <1> is defined }}{{ <1> }}
  {% set <=int> = <int> %}{% for <+int> in <ints!> %}{{ <0> }}{% set <0> = <1> %}{{ <0> }}{% endfor %}{{ <0> }}
  {% for <+message> in <$messages> %}<@loop><nl>{{ '<|im_start|>' + <0>.role + '\n' + <0>['content'] }}<nl><body>{% endfor %}{% if <$bool> %}{{ <str> }}{% endif %}
  {% for <+message> in <$messages> %}<nl>{% if <0>.role == 'user' %}<body>{% elif <0>['role'] != 'system' and <0>.content is string %}{{ <0>.content|trim ~ <str> }}<nl>{% elif <0>.tool_calls is defined %}{{ <0>.tool_calls[0].function|tojson }}{% endif %}{% endfor %}
  {% for <+message> in <$messages> %}{% if <0>.content is string %}{{ <0>.content }}{% elif <0>.content is none %}{{ <0>.tool_calls|tojson }}{% else %}{% for part in <0>.content %}{{ part.type }}{{ part.text }}{% endfor %}{% endif %}{% endfor %}
  {% for <+any> in <$tools> %}{{ <0>.function.name }}{{ <0>|tojson(indent=<small>) }}{{ <0>.function.parameters.properties.keys()|list }}{% endfor %}
  {% if <$messages>[0]['role'] == 'system' %}{% set system, <=rows> = messages[0].content, messages[1:] %}{{ system }}{% else %}{% set rest = messages %}<nl>{% endif %}{{ rest|length }}
  {% if <bool> %}<body>{% else %}{{ raise_exception(<str>) }}{% endif %}
  {{ strftime_now(<quoteddate>) }}{{ strftime_now(<quoteddate>) }}
  {% set <=int>, <=str> = <int>, <str> %}{{ <1> ~ <0> }}
  {% set (<=str>, <=strs>) = (<str>, <strs>) %}<body>{{ <1> }}
  {% set <=str> %}<nl><body><nl>{% endset %}<nl>[{{ <0> }}]{{ <0>|length }}
  {% set <=str> | <strfilter> %}<body>{% endset %}{{ <0> }} ; {% set <=int> = <int> %}{% set <0> = <0> + 1 %}{{ <0> }}
  {% set <=any> = <any> %}{{ <0> is defined and <0> }}<body>
  {% set <nl><=strs><nl> = <strs> %}{% set <=dict> = <dict> %}<body>{{ <0> }}{{ <1> }}
  {% set ns = namespace(k=<int>, t=<str>) %}{% for <+int> in <ints!> %}<nl>{% set ns.k = ns.k + <0> %}<nl>{% endfor %}{{ ns.k }}{{ ns.t }}
  {% set ns = namespace({'k': <int>}, t=false) %}{% for <+str> in <strs!> %}{% if not ns.t %}{% set ns.t = <0> %}{% endif %}{% endfor %}{{ ns.t }}{{ ns.k }}{{ ns.nope is defined }}
  {% set ns = namespace(k='') %}{% set ns.k %}<body>{% endset %}{{ ns.k ~ ns['k'] }}
  {% macro <=fn>(<+str>, <+int>=<int>) %}<nl><body>{{ <1> }}{{ <2> }}<nl>{% endmacro %}{{ <0>(<str>) }}<plain>{{ <0>(<str>, <int>) }}
  {% macro <=fn>(<+str>, <+str>='-') %}<body>{{ <2> }}{{ varargs }}{{ kwargs }}{% endmacro %}<nl>{{ <0>(<str>, <str>, <int>, k=<any>) }}{{ <0>(*<strs>) }}
  {% macro <=fn>(<+str>) %}({{ caller() if caller else <1> }}){% endmacro %}{% call <0>(<str>) %}<body>{% endcall %}{{ <0>(<str>) }}
  {% macro <=wrap>(<+strs>) %}{% for part in <1> %}<nl><{{ caller(part, loop.index) }}>{% endfor %}{% endmacro %}{% call(<+str>, <+int>=0) <0>(<strs>) %}<nl>{{ <2> }}{{ <3> }}<body>{% endcall %}
  {% macro <+wrap>(left) %}{% if left > 0 %}{{ left }}{{ <0>(left - 1) }}<plain>{% endif %}{% endmacro %}<nl>{{ <0>(<small>) }}
  {% set <=int> = <int> %}{% macro <+wrap>() %}<nl>{{ <0> }}{% set <0> = 'inner' %}{{ <0> }}{% endmacro %}{% set <0> = <str> %}{{ <1>() }}{{ <0> }}
  {% macro <+wrap>(p, q=p ~ 1, r=<$any>) %}{{ p }}{{ q }}{{ r }}{% endmacro %}{{ <0>(<int>) }}{{ <0>(q=<str>) }}{{ <0>.name }}{{ <0>.arguments }}
  {% macro <+wrap>() %}{{ varargs|length }}{{ kwargs|tojson }}{{ varargs[0] }}{% endmacro %}{{ <0>(1, *<$strs>, k=<str>, **<$dict>) }}
  {% call <$fn>(<str>) %}<body>{% endcall %} ; {{ <$fn>(<str>) }}<nl>{{ <$fn>(<str>)|<strfilter> }}
  {% filter <strfilter> %}<nl><body>{% endfilter %}
  {% filter <strfilter>|<strfilter> %}<body>{{ <str> }}<nl>{% endfilter %}
  {% with <+int> = <int>, <+str> = <str> %}<nl><body>{{ <0> }}{{ <1> }}{% endwith %}{{ <1> is defined }}
  {% set <=int> = <int> %}{% with %}{% set <0> = <int> %}<body>{{ <0> }}{% endwith %}{{ <0> }}
  {% with <+int> = <$int>, <+any> = <0> %}{{ <1> }}{% endwith %}
  {% raw %}<nl><plain>{{ not <plain> }}{% if %}{# kept #}<nl>{% endraw %}
  {% generation %}<nl><body><nl>{% endgeneration %}
  {% set <=int> = 1 %}{% generation %}{% set <0> = 2 %}{{ <0> }}<body>{% endgeneration %}{{ <0> }}
  {# <plain> #}<nl>{# {{ <str> }} #}<nl><plain> ; {% for <+int> in <ints!> if loop.first %}{{ <0> }}{% endfor %}
  {{ <refused> }}
str
. <quoted> ; <$str> ; <$message>.role ; <$message>.content ; <$row>.name
  <quoted> <quoted> ; <str!> ~ <any!> ; <str!> ~ <int!> ~ <str!> ; <str!> + <str!> ; <str!> * <small>
  <small> * <str!> ; <str> if <bool> else <str> ; <str!> or <str!> ; <str!>|<strfilter>
  <str!>|<strfilter>|<strfilter> ; <quoted>|<strfilter> ; <quotedcased>|<strfilter> ; <$str>|<strfilter>
  <any!>|string ; <any!>|tojson ; <any!>|tojson(ensure_ascii=<truth>)
  <dict!>|tojson(indent=<small>, sort_keys=<truth>) ; <value!>|tojson(separators=(',', ':'))
  <list!>|tojson(indent=2, ensure_ascii=true, separators=[' ,', ': ']) ; <any!>|default(<str>)
  <undefined!>|default(<str>) ; <any!>|d(<str>, <truth>) ; <any!>|default(<str>, boolean=true) ; <list!>|join
  <list!>|join(<str>) ; <rows!>|join(', ', attribute='<rowkey>') ; <str!>|join('-') ; <strs!>|<ends>
  <strs!>|<extremes> ; <words!>|max(case_sensitive=true) ; <str!>|replace(<str>, <str>)
  <str!>|replace('a', <str>, <small>) ; <str!>|truncate(<small>, true, '') ; <str!>|truncate(9, leeway=0)
  <long!>|truncate(20, <truth>, '..', <small>)
  <str!>|indent(<small>) ; <str!>|indent(width=2, first=<truth>, blank=<truth>) ; <str!>|indent('> ')
  <str!>|center(<width>) ; <str!>|trim(<quoted>) ; <dict!>|urlencode ; <dict!>|xmlattr
  {'id': <any>, 'class': <str>, 'no': none}|xmlattr(<truth>) ; <markup!> ; <markup!> + <str!> ; <markup!> ~ <str!>
  [<markup>]|string ; (<markup!> % <str!>) ; '%s and %s' % (<any>, <any>) ; '%s' % <str!>
  '%r|%5s|%-5s|' % (<any>, <str>, <quoted>) ; '%d|%05d|%x|%+i|%%' % (<int>, <int>, <small>, <int>)
  '%.2f %e %g' % (<float>, <float>, <float>) ; '%(name)s!' % {'name': <str>} ; '%(name)s' % <$dict>
  '{}-{}'.format(*['a', <str>]) ; '%s: %r'|format(<any>, <quoted>) ; '%(k)s'|format(k=<any>)
  '{} and {!r}'.format(<any>, <quoted>) ; '{0}{1}{0}'.format(<any>, <int>)
  '{k:>6}|{k:<6}|{k:^6}|'.format(k=<quoted>) ; '{:.2f} {:05d} {:,}'.format(<float>, <int>, <int>)
  '{0[name]} {0.name}'.format(<$dict>) ; <str.>.<strmethod>() ; <$str>.upper() ; <str.>.lower()
  <quotedcased>.swapcase() ; <quotedcased>.capitalize() ; <str.>.title() ; <quotedcased>|capitalize ; <str!>|title
  <quoted>.<strmethod>() ; <$str>.<strmethod>() ; <str.>.<stripmethod>(<quoted>) ; <str.>.<affixmethod>(<str>)
  'abcabc'.<affixmethod>(<quotedletter>) ; <str.>.replace(<str>, <str>) ; <str.>.replace('a', 'b', <small>)
  <str.>.<padmethod>(<width>) ; <quoted>.<padmethod>(<width>) ; '<number>'.zfill(<width>)
  <str.>.<fillmethod>(<width>, '*') ; <str.>.join(<strs>) ; <str.>.split(<splitter>)<ending>
  'a,b c.a'.split(<splitter>)<ending> ; <str.>[<int>] ; <str.>[<slice>] ; <dict.>.get('name', <str>) ; <dict.>['name']
  <dict!>|attr('name') ; <$fn>(<str>) ; <$loop>.cycle(<str>, <str>) ; <str!>|map('upper')|join
  <messages!>|map(attribute='content')|join('|')
  <messages!>|selectattr('role', 'equalto', 'user')|map(attribute='role')|list|join
int
. <integer> ; <$int> ; <$loop>.<loopint> ; <$row>.age
  <int!> <additive> <int!> ; <int!> <additive> <int!> * <int!> ; <int!> * <small> ; <int!> // <nonzero!>
  <int!> % <nonzero!> ; <int> <additive> <int> % 7 ; <small> ** <small> ; -<small> ** 2 ; 2 ** <small> ** 2
  (-<small>) ** 3 ; -<int!> ; +<int!> ; not <int> + 1 ; <bool!> + <bool!> ; <int!>|abs ; -<int!>|abs ; <str!>|length
  <list!>|count ; <dict!>|length + 1 ; <str!>|wordcount ; <str!>|int ; <str!>|int(<int>) ; <str!>|int(-1, 16)
  <float!>|int ; <any!>|int(default=<int>) ; <ints!>|sum ; <ints!>|sum(start=<int>) ; <rows!>|sum(attribute='age')
  <ints!>|<ends> ; <ints!>|<extremes> ; (<rows!>|<extremes>(attribute='age')).age ; <ints.>[<int>]
  <str.>.<findmethod>(<str>) ; <str.>.find(<str>, <small>) ; <str.>.<indexmethod>(<str>)
  'abcabc'.<indexmethod>(<quotedletter>) ; 'abcabc'.index('b', <small>)  ; <strs.>.count(<str>)
  [3, <int>, 1, 1].index(<small>) ; <str.>.count('a') ; <dict.>.get('a', <int>) ; <int> if <bool> else <int>
  range(<int>)|length ; range(<small>, 20, <nonzero>)[<small>] ; <int!>|default(<int>) ; <rows.>[0].age
  <list.>.index(<any>)
float
. <real> ; <$float>
  <int!> / <nonzero!> ; <float!> / <real> ; <float!> <additive> <float!> ; <float!> * <float!>
  <float!> // <nonzero!> ; <float!> % <nonzero!> ; <float!> ** <small> ; <int!> ** -1 ; -<float!> ; <float!>|abs
  <float!>|round ; <float!>|round(<small>) ; <real>|round(1, <rounding>) ; <int!>|round(<small>, method=<rounding>)
  <int!>|round(-1) ; <str!>|float ; <str!>|float(<float>) ; <int!>|float ; <$float> * 1e308 * 10
  -(<$float> * 1e308 * 10) ; [<float>, <int>, <float>]|<extremes> ; [<float>, <float>]|sum
bool
. true ; false ; True ; False ; <$bool> ; <$loop>.<loopflag> ; <$row>.on
  <any!> == <any!> ; <any!> != <any!> ; <int!> == <float!> ; <list!> == <list!> ; <int!> <order> <int!>
  <float!> <order> <int!> ; <str!> <order> <str!> ; <ints!> <order> <ints!> ; <int!> < <int!> <= <int!>
  <int!> != <int!> == <int!> > <int!> ; <str!> in <str!> ; <str!> not in <str!> ; <any!> in <list!>
  <str!> not in <dict!> ; <int!> in range(<small>) ; 1 < <int!> in <ints!> ; not <bool> ; not <any!>
  not <any!> in <list!> ; <bool!> and <bool!> ; <bool!> or not <bool!> ; <bool> and <bool> or <bool>
  <any!> and <any!> ; <any!> or <any!> ; <any!> is <anytest> ; <any> is <anytest> ; <$any> is <anytest>
  <int> is <anytest> ; <bool> is <anytest> ; <float> is <anytest> ; <list> is <anytest> ; <any!> is not <anytest>
  not <any!> is <anytest> ; <undefined!> is <existence> ; <undefined!> is not <existence> ; <$any> is defined
  <$any> is not none and <$any> ; <dict.>.<field> is defined ; <int!> is <inttest> ; <int!> is not <inttest>
  <any!> is <equality>(<any>) ; <any!> is <equality> <integer> ; <int!> is <ordering>(<int>)
  <int!> is <ordering> <small> ; <int> is not <ordering>(<small>) ; <str!> is <ordering> <quoted>
  <str!> is in(<strs>) ; <any!> is in <$list> ; <any!> is not in(<list>) ; <any!> is sameas(<single>)
  <any!> is sameas <single> ; <str!> is <lettercase> ; <str!> is not <lettercase> ; <filtername> is filter
  <testname> is test ; not <filtername> is filter ; <testname> is not test ; <markup!> is escaped ; <str!> is escaped
  <str!>|length > <small> ; range is callable ; <str.>.upper is callable ; <bool> if <bool> else <bool>
  <str.>.<flagmethod>() ; <quotedcased>.<flagmethod>() ; <$strs>[0].<flagmethod>() ; <quoted>.<flagmethod>()
  <str.>.<affixtest>(<str>) ; <str.>.<affixtest>((<str>, 'a')) ; <str.>.startswith('b', <small>)
  <$loop>.changed(<any>)
strs
. <$strs> ; ['a', <quoted>] ; [<quoted>, <quoted>, <quoted>]
  [<str>, <str>] ; [<str>, <str>,] ; <strs!> + <strs!> ; <strs!> * <small> ; <str.>.split()
  <str.>.<splitmethod>(<splitter>) ; <str.>.<splitmethod>(none, <small>) ; <str.>.<splitmethod>(',', maxsplit=<small>)
  <str.>.splitlines() ; <str.>.splitlines(true) ; <str.>.<partmethod>(<quotedsplitter>)|list ; <str!>|list
  <dict!>|list ; <dict.>.keys()|list ; <strs!>|sort ; <strs!>|sort(reverse=<truth>)
  <words!>|sort(<truth>, case_sensitive=<truth>) ; <strs!>|unique|list ; <words!>|unique(case_sensitive=true)|list
  <strs!>|reverse|list ; <strs!>|map('<strfilter>')|list ; <strs!>|map('replace', 'a', <str>)|list
  <words!>|map('truncate', 3, leeway=0)|list ; <rows!>|map(attribute='<rowkey>')|list
  <rows!>|map(attribute='nope', default=<str>)|list ; <messages!>|map(attribute='role')|list ; <strs!>|select|list
  <strs!>|reject|list ; <strs!>|select('in', <list>)|list ; <strs!>|reject('equalto', <str>)|list
  <strs!>|select('<lettercase>')|list ; <strs.>[<slice>] ; <rows!>|groupby('city')|map(attribute='grouper')|list
words
. <$strs> ; ['b', 'A', 'a', 'B', 'é', 'c']
ints
. <$ints> ; [1, 2, 3] ; [<integer>, <integer>] ; (3, 1, 2) ; range(<small>)
  [<int>, <int>, <int>] ; (<int>, <int>) ; range(<small>)|list ; range(5, <small>, -1)|list ; <ints!>|sort
  <ints!>|sort(reverse=true) ; <ints!>|unique|list ; <ints!>|reverse|list ; <ints!>|select('<inttest>')|list
  <ints!>|reject('<inttest0>')|list ; <ints!>|select('<comparing>', <int>)|list
  <$ints>|select('<comparing>', <small>)|list ; [1, 2, 3]|reject('<comparing>', 2)|list
  [1, 2, 3]|select('<comparing>', <small>)|list ; <rows!>|map(attribute='age')|select('<comparing>', 20)|list
  range(5)|reject('<comparing>', <small>)|list ; <ints!>|select('divisibleby', 2)|list ; <ints!>|map('abs')|list
  <strs!>|map('length')|list ; <strs!>|map('int')|list ; <rows!>|map(attribute='age')|list ; <ints.>[<slice>]
  <$any>|list
rows
. <$rows>
  <rows!>|sort(attribute='<rowkey>') ; <rows!>|sort(attribute='city,age', reverse=<truth>)
  <rows!>|selectattr('on')|list ; <rows!>|rejectattr('on')|list
  <rows!>|selectattr('age', '<comparing>', <small>)|list ; <rows!>|rejectattr('name', '<comparing>', <quoted>)|list
  <rows!>|selectattr('nope', '<existence>')|list ; <rows!>|unique(attribute='city')|list ; <rows.>[<slice>]
messages
. <$messages>
  <messages.>[1:] ; <messages!>|rejectattr('role', 'in', ['system', 'tool'])|list
dict
. <$dict> ; {} ; {'a': <integer>, <quoted>: <quoted>}
  {'name': <str>, 'n': <any>} ; {<any>: <any>, 1: <list>, (1, 'x'): none} ; {'a': {'b': <dict>}}
  dict(<$dict>, k=<any>) ; dict(k=<str>, **<$dict>) ; <rows.>[0] ; <messages!>|first ; <dict!>|items|list|<ends>
list
. [] ; <$list>
  <strs> ; <ints> ; <rows> ; [<any>, <any>] ; (<any>,) ; () ; [<list>, <dict>, <str>] ; [<float>, <bool>, none, <int>]
  <any>, <any> ; <dict.>.items()|list ; <dict!>|items|list ; <dict.>.values()|list ; <dict.>.items()
  <dict!>|dictsort ; <dict!>|dictsort(<truth>, by='<side>', reverse=<truth>) ; <ints!>|batch(<two>)|list
  <strs!>|batch(<two>, <str>)|list ; <ints!>|slice(<two>)|list ; <strs!>|slice(<two>, fill_with=<any>)|list
  <rows!>|groupby('<rowkey>')|list ; <rows!>|groupby(attribute='city', case_sensitive=<truth>)|list
  <rows!>|groupby('nope', default=<str>)|list ; <list!> + <list!> ; <list.>[<slice>]
  <str.>.<partmethod>(<quotedsplitter>) ; <strs!>|batch(2)|map('join', '+')|list ; <ints!>|map('string')|list
  <strs!>|nosuch|list
any
. none ; None ; <$any> ; <undefined> ; <integer> ; <quoted> ; <$loop>
  <str> ; <int> ; <float> ; <bool> ; <strs> ; <list> ; <dict> ; <any!> or <any!> ; <any!> and <any!> ; <any> if <bool>
  <any> if <bool> else <any> ; <list!>|<ends> ; <list.>[<int>] ; <dict!>|attr(<quoted>) ; <any.>.<field>
  <any.>[<any>] ; (<any>) ; <str!>|safe ; namespace(k=<int>, t=<str>) ; range(<small>)
  range(<int>, <int>, <nonzero>) ; range(*[1, <small>])
value
. <$any>
  <dict> ; <list>
undefined
. <$undefined> ; <$dict>.nope ; <$strs>[99] ; (1 if false)
markup
. <quoted>|<escaping> ; <$str>|<escaping>
  <str!>|<escaping> ; (<markup!>)|<strfilter> ; <markup.>.<strmethod>()
long
. 'The quick brown fox jumps over the lazy dog' ; 'supercalifragilistic and\nexpialidocious-ly short' ; <$str>
refused
. <list.>.append(1) ; <strs.>.<mutator>() ; <dict.>.update({}) ; <dict.>.<mutator>() ; <str.>.__class__.__name__
. <str.>.__class__ ; <any.>.__init__ is defined ; <dict.>._private ; <dict!>|attr('__class__')|string
. <str.>.__len__() ; (<str.>['__class__']) ~ 1 ; range(100001) ; range(<int>, 10 ** 7)|length
. range(*[1, <small>, 0])
slice
. <small>: ; :<small> ; -<small>: ; :-<small> ; ::-1 ; <small>:<small> ; 1::2 ; ::<nonzero> ; -1:<small>:-1
  <int>:<int>
splitter
. ',' ; '\n' ; 'a' ; ' ' ; <quoted> ; ',', 1 ; '.'
quotedsplitter
. ',' ; ' ' ; 'l' ; '|' ; 'zz'
quoteddate
. '%d %b %Y' ; '%Y-%m-%d' ; "%B %d, %A" ; '%H:%M:%S'
strfilter: upper lower trim title capitalize length|string escape e forceescape string urlencode
strfilter: wordcount|string reverse center(9) indent first default('-') safe replace('a','-') trim list|join('.')
strfilter: truncate(7) int float list
strmethod: upper lower strip lstrip rstrip title capitalize swapcase ; stripmethod: strip lstrip rstrip
affixmethod: removeprefix removesuffix ; padmethod: zfill center ljust rjust ; fillmethod: center ljust rjust
findmethod: find rfind count ; indexmethod: index rindex find rfind ; splitmethod: split rsplit
partmethod: partition rpartition ; flagmethod: isdigit isalpha isalnum isspace isupper islower
affixtest: startswith endswith ; mutator: append pop clear sort insert setdefault popitem extend reverse remove
escaping: escape e safe forceescape e ; pairs: items dictsort items|list items|reverse
anytest: defined undefined none string number integer float boolean true false mapping sequence iterable callable
anytest: escaped
existence: defined undefined none ; inttest: odd even divisibleby(3) divisibleby(2) ge(2) lt(3)
inttest0: odd even integer ; equality: eq equalto ne ; ordering: lt le gt ge lessthan greaterthan eq ne
comparing: == != < <= > >= eq ne lt le gt ge equalto ; order: < <= > >= ; additive: + - + - ; lettercase: lower upper
filtername: 'upper' 'nosuch' 'tojson' 'e' <$str> ; testname: 'odd' 'nosuch' 'in' 'defined' <$str>
rounding: 'floor' 'ceil' 'common' 'nope' ; single: none true false 1 None ; truth: true false True False
rowkey: name age city ; side: key value ; field: name a content nope role items ; ends: first last ; extremes: min max
loopint: index index0 revindex revindex0 length depth depth0 ; loopflag: first last first
loopvalue: loop.index loop.index0 loop.revindex loop.revindex0 loop.first loop.last loop.length loop.depth0 loop
quotedletter: 'a' 'ab' 'c' 'bc' ; ending: [0] [-1] [-1] |first |last |length ; small: 0 1 2 3 4 5 6 ; two: 1 2 3 4
nonzero: 1 2 3 5 -1 -2 7 ; width: 0 3 7 10 12 ; zero: 0
integer: <number> <number> <number> <number> 1_000 0x1F 0b101 0o17 00
real: <decimal> <decimal> <decimal> 1.5 1e3 2.5E-3 1_0.2_5 12e+2 1e999
quotedcased: 'hELLO' 'éa-B' 'straße' "they're" 'ǆ'
"""
