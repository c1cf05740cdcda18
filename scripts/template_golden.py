#!/usr/bin/env python3
"""Writes random chat templates with their arguments and what Python's Jinja2 makes of them.

    python3 -m pip install jinja2==3.1.6
    python3 scripts/template_golden.py [COUNT [SEED [OUT]]]

Each line of OUT (default: engine/src/test/resources/template/generated.jsonl) is an object of
"template", "arguments" and either "rendered" or "error" ("ClassName: message", raised while
compiling or rendering). The environment is the one in which Hugging Face's transformers render chat
templates. Equal arguments give equal bytes; messages of Python's own errors are those of CPython
3.11. How many there are of each class, and the grammar's productions that fewer than a dozen
rendered cases have, go to stderr.
"""
import collections
import datetime
import functools
import json
import pathlib
import random
import re
import sys
import typing
import warnings

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox
from template_grammar import ARGUMENTS, GRAMMAR, LOCALS, PLAIN, TEXTS, floating, integer

TARGET = pathlib.Path(__file__).resolve().parent.parent / "engine/src/test/resources/template/generated.jsonl"

# Addresses, and what a fault of Jinja2's compiler makes of an infinite constant.
UNSTABLE = re.compile(r" at 0x|^NameError: name '(inf|nan)'")
# The largest width, count or exponent that a template may ask for.
LARGEST_COUNT = 10_000
LONGEST_TEMPLATE, LONGEST_ARGUMENTS, LONGEST_RESULT = 640, 800, 2000
# How many rendered cases each production should have; templates that only have others are mostly dropped.
ENOUGH = 12
# The most that cases of a kind may make up of all.
SHARES = {"broken": 0.07, "error": 0.13, "rendered": 0.01}
TOKEN = re.compile(r"<([$+=@]?)(\w+)([!.]?)>")
DELIMITER = re.compile(r"{%|%}|{{|}}|{#|#}")
# Symbols of template text, whose tags get signs of whitespace control; the others are expressions.
MARKED = ["line", "body", "stmt"]
TYPED = "str int float bool strs ints rows dict list".split()
# What a name must hold to stand for the type on the left; the others stand for themselves alone.
HOLDS = {
    "any": "str int float bool null strs ints rows row dict list any messages message tools".split(),
    "list": "list strs ints rows messages tools".split(),
    "dict": ["dict", "row", "message"],
}
BREAKS = ["\n", "\n", "\n  ", "\n\t", " ", "\n\n", "  "]
GIVEN = {kind for kind, _ in ARGUMENTS.values()}
EXPRESSION_DEPTHS = [1, 2, 2, 3, 3]
WRONG_TYPE, DAMAGED = 0.015, 0.12
JUNK = "%} {{ {% | ) ( ' \" is not , = else ** . ] [ } {%endfor%} {%if%} $ ! endif : ~ loop == {%else%} {#".split()


class Rule(typing.NamedTuple):
    symbol: str
    text: str
    ends: bool
    needs: tuple  # the types of the names it takes


def productions(grammar):
    """Gives each symbol's rules."""
    rules = collections.defaultdict(list)
    for line in grammar.strip().splitlines():
        if line[0] in ". ":
            found = [(symbol, text, line[0] == ".") for text in line[2:].split(" ; ")]
        else:
            lists = [entry.partition(": ") for entry in line.split(" ; ")]
            found = [(name, word, True) for name, _, words in lists for word in words.split()]
            symbol = line
        for name, text, ends in found:
            needs = tuple(kind for sign, kind, _ in TOKEN.findall(text) if sign == "$")
            rules[name].append(Rule(name, text, ends, needs))
    return rules


def quoted(source):
    """Writes a text as a literal, by any of the ways to write a character."""
    quote, plainly, made = source.choice("''\""), source.choice([1, 1, 0.8]), ""
    for letter in source.choice(TEXTS):
        if letter in (quote, "\\"):
            made += "\\" + letter
        elif letter in "\n\r\t" and source.random() < 0.8:
            made += repr(letter)[1:-1]
        elif source.random() < plainly:
            made += letter
        elif ord(letter) < 256:
            made += source.choice(["\\x{:02x}", "\\{:03o}", "\\u{:04X}"]).format(ord(letter))
        else:
            made += ("\\u{:04x}" if ord(letter) < 65536 else "\\U{:08x}").format(ord(letter))
    odd = source.choice(["\\q", "\\d+", "\\\n", "\\b\\a"]) if source.random() < 0.03 else ""
    return quote + made + odd + quote


def needs_parentheses(text):
    """Says how likely an operand should get them: a filter binds as tightly as most operands must."""
    text, before = re.sub(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", "s", text, flags=re.S), None
    while text != before:
        text, before = re.sub(r"\([^()]*\)|\[[^][]*\]|{[^{}]*}", "", text), text
    return 0 if re.fullmatch(r"[\w.]*", text) else 0.3 if re.fullmatch(r"[\w.|]*", text) else 0.88


class Writer:
    """Expands the grammar into one template and draws the arguments it names."""

    RULES = productions(GRAMMAR)

    def __init__(self, source, tried, rendered):
        self.source, self.tried, self.rendered = source, tried, rendered
        self.arguments, self.scope, self.chosen = {}, {}, []
        self.signs, self.breaks = source.choice([0, 0, 0.15, 0.5]), source.choice([0, 0.3, 0.8])
        self.terminals = {
            "quoted": lambda: quoted(source),
            "number": lambda: str(integer(source)),
            "decimal": lambda: repr(floating(source)),
            "plain": lambda: source.choice(PLAIN),
            "nl": lambda: source.choice(BREAKS) if source.random() < self.breaks else "",
        }

    def names(self, kind):
        known = {name: held for name, (held, _) in ARGUMENTS.items()} | self.scope
        return [name for name, held in known.items() if held in HOLDS.get(kind, [kind])]

    def name(self, kind):
        local = [name for name in self.names(kind) if name in self.scope]
        name = self.source.choice(local if local and self.source.random() < 0.6 else self.names(kind))
        if name not in self.scope and kind != "undefined" and name not in self.arguments:
            self.arguments[name] = ARGUMENTS[name][1](self.source)
        return name

    def signed(self, delimiter):
        if self.source.random() >= self.signs:
            return delimiter[0]
        sign = "-" if delimiter[0] == "}}" else self.source.choice("-+" if "#" in delimiter[0] else "---+")
        return delimiter[0] + sign if delimiter[0][0] == "{" else sign + delimiter[0]

    def choose(self, symbol, depth):
        """Picks of four productions the one that fewest cases have, so that none is rare."""
        usable = [rule for rule in self.RULES[symbol] if all(self.names(kind) for kind in rule.needs)]
        ending = [rule for rule in usable if rule.ends]
        if ending and (depth <= 0 or self.source.random() < 0.15):
            usable = ending
        # What only a tag can name, such as loop, is seldom in scope.
        local = [rule for rule in usable if not GIVEN.issuperset(rule.needs)]
        if local and self.source.random() < 0.35:
            usable = local
        drawn = self.source.sample(usable, min(4, len(usable)))
        self.chosen.append(min(drawn, key=lambda rule: self.rendered[rule] + self.tried[rule] / 8))
        self.tried[self.chosen[-1]] += 1
        return self.chosen[-1].text

    def expand(self, symbol, depth):
        if symbol in self.terminals:
            return self.terminals[symbol]()
        if symbol in TYPED and self.source.random() < WRONG_TYPE:
            symbol = "any"
        before, made, created, pending, lasting = dict(self.scope), "", [], {}, {}
        for piece in re.split(r"(<[$+=@]?\w+[!.]?>)", self.choose(symbol, depth)):
            token = TOKEN.fullmatch(piece)
            if not token:
                if "%}" in piece:
                    self.scope.update(pending)
                made += DELIMITER.sub(self.signed, piece) if symbol in MARKED else piece
                continue
            sign, kind, use = token.groups()
            if kind.isdigit():
                made += created[int(kind)]
            elif sign == "$":
                made += self.name(kind)
            elif sign == "@":
                self.scope[kind] = kind
            elif sign:
                created.append(self.source.choice([name for name in LOCALS if name not in created]))
                (pending if sign == "+" else lasting)[created[-1]] = kind
                made += created[-1]
            else:
                leaves = symbol in MARKED and kind not in MARKED
                part = self.expand(kind, self.source.choice(EXPRESSION_DEPTHS) if leaves else depth - 1)
                likely = needs_parentheses(part) * (1 if use == "!" else 3) if use else 0
                made += f"({part})" if self.source.random() < likely else part
        self.scope = before if symbol == "body" else before | lasting
        return made

    def template(self):
        symbol = self.source.choice(["line", "line", "body", "body", "body"])
        made = self.expand(symbol, self.source.choice([2, 3, 4, 5]))
        made += self.source.choice(["", "", "\n", " \n", "\n\n"])
        if self.source.random() < DAMAGED:
            made = self.damaged(made)
        if self.source.random() < 0.05:
            made = made.replace("\n", self.source.choice(["\r\n", "\r\n", "\r"]))
        return made

    def damaged(self, template):
        """Drops, doubles, replaces or adds a token, or cuts the end off."""
        tokens = re.findall(r"\w+|\s+|{[%{#]-?|-?[%}#]}|.", template, re.S)
        at, junk = self.source.randrange(len(tokens)), self.source.choice(JUNK)
        new = self.source.choice([[], [tokens[at]] * 2, [junk], [tokens[at], junk]])
        end = len(tokens) if self.source.random() < 0.9 else at
        return "".join(tokens[:at] + new + tokens[at + 1 : end])


class Generation(jinja2.ext.Extension):
    """Renders a body as a call block does, which is what makes it a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("rendered"), [], [], body).set_lineno(line)

    def rendered(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def strftime_now(form):
    return datetime.datetime(2024, 7, 26).strftime(form)


def chat_environment(kind=jinja2.sandbox.ImmutableSandboxedEnvironment):
    made = kind(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals |= {"raise_exception": raise_exception, "strftime_now": strftime_now}
    return made


class TooLarge(Exception):
    """Tells that a template asks for more than a test should do."""


class Rehearsal(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Renders as the chat environment does, but refuses what would take long or fill the memory."""

    intercepted_binops = frozenset(["*", "**"])

    def watch(self):
        self.filters.update({name: self.watched(function) for name, function in self.filters.items()})

    def watched(self, function):
        @functools.wraps(function)
        def watcher(*args, **named):
            self.check(*args[1:], *named.values())
            return function(*args, **named)

        return watcher

    def check(self, *counts):
        if any(isinstance(count, int) and abs(count) > LARGEST_COUNT for count in counts):
            raise TooLarge

    def call(__self, __context, __obj, *args, **named):
        if __obj is not __self.globals["range"]:
            __self.check(*args, *named.values())
        return super().call(__context, __obj, *args, **named)

    def call_binop(self, context, operator, left, right):
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if not numbers or operator == "**" and abs(right) > 99:
            self.check(left, right)
        return super().call_binop(context, operator, left, right)


def outcome(environment, template, arguments):
    try:
        return "rendered", environment.from_string(template).render(**json.loads(json.dumps(arguments)))
    except (TooLarge, RecursionError, MemoryError):
        return "refused", ""
    except Exception as error:
        return "error", f"{type(error).__name__}: {error}"


def hides_argument(environment, template, arguments):
    """Tells whether Jinja2's compiler lets a later assignment hide an argument from what stands before it.

    It takes a name for unset in inner scopes if the outer scope assigns it later without having read it:
    a consequence of how it compiles, which no template wants.
    """
    code = environment.compile(template, raw=True)
    return any(re.search(rf"\bl_\d+_{name} = (?:l_\w+ = )*missing\b", code) for name in arguments)


def shape(error):
    """Reduces a message to what it shares with those of the same cause."""
    if error.startswith("TemplateError"):
        return "TemplateError"
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "_", error)[:48]


def cases(count, seed, rendered):
    """Makes cases until there are enough, and counts for each production those that rendered with it."""
    source, tried, shapes, known = random.Random(seed), collections.Counter(), collections.Counter(), set()
    exact, rehearsal = chat_environment(), chat_environment(Rehearsal)
    rehearsal.watch()
    made = []
    while len(made) < count:
        writer = Writer(source, tried, rendered)
        template = writer.template()
        arguments = {name: value for name, value in writer.arguments.items() if re.search(rf"\b{name}\b", template)}
        if template in known or len(template) > LONGEST_TEMPLATE or len(json.dumps(arguments)) > LONGEST_ARGUMENTS:
            continue
        known.add(template)
        rarest = min(rendered[rule] for rule in writer.chosen)
        if source.random() > ENOUGH / (rarest + 1):
            continue
        if outcome(rehearsal, template, arguments)[0] == "refused":
            continue
        kind, result = outcome(exact, template, arguments)
        if kind == "rendered" and hides_argument(exact, template, arguments):
            continue
        if kind == "refused" or len(result) > LONGEST_RESULT or UNSTABLE.search(result):
            continue
        # Errors of few shapes would crowd out the rest, and so would templates that print nothing.
        label = shape(result) if kind == "error" else "blank" if not result.strip() else ""
        if label:
            share = SHARES["broken" if label.startswith(("TemplateSyntax", "TemplateAssert")) else kind]
            if shapes[label] >= count // 250 + 1 or shapes[share] >= share * count:
                continue
            shapes.update([label, share])
        if kind == "rendered":
            rendered.update(set(writer.chosen))
        made.append({"template": template, "arguments": arguments, kind: result})
    return made


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20240726
    target = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else TARGET
    # Python warns of unknown escapes in the templates' literals.
    warnings.simplefilter("ignore")
    rendered = collections.Counter()
    rows = cases(count, seed, rendered)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
    classes = collections.Counter(row["error"].split(":")[0] if "error" in row else "rendered" for row in rows)
    print(f"{target.stat().st_size} bytes: {dict(classes.most_common())}", file=sys.stderr)
    rules = {rule for rules in Writer.RULES.values() for rule in rules}
    for rule in sorted(rules, key=lambda rule: (rendered[rule], rule)):
        if rendered[rule] < ENOUGH:
            print(f"rendered {rendered[rule]} times only: {rule.symbol} {rule.text}", file=sys.stderr)


if __name__ == "__main__":
    main()
