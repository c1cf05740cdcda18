#!/usr/bin/env python3
"""Writes what Python's str says of every character: the chat templates' table, and its test's file.

    python3.11 scripts/chat_characters.py

Chat templates are written for Python's Jinja2, so its idea of a letter, a space or a capital
decides what a prompt looks like. The table is committed and read by PythonCharacter, so that
prompts do not change with the JDK. Everything is asked of Python itself; what has no method of its
own (the properties Cased and Case_Ignorable) is read off str.title and str.lower's final sigma.
"""
import hashlib
import itertools
import pathlib
import re
import sys
import textwrap
import unicodedata

UNICODE_VERSION = "14.0.0"  # what Python 3.11 has
ENGINE = pathlib.Path(__file__).resolve().parent.parent / "engine/src"
TABLE = ENGINE / "main/resources/io/sparkllama/engine/chat/python-characters.txt"
GOLDEN = ENGINE / "test/resources/template/characters.txt"
POINTS = range(0x110000)
CHARACTERS = [chr(point) for point in POINTS]


def ends_in_final_sigma(text: str) -> bool:
    return text.lower()[-1] == "ς"


def is_case_ignorable(character: str) -> bool:
    # A sigma is final when the nearest character before it that is not ignorable is cased. What
    # stands before an ignorable character therefore decides; before any other it is not looked at.
    return ends_in_final_sigma(f"A{character}Σ") != ends_in_final_sigma(f"1{character}Σ")


def is_cased(character: str) -> bool:
    # A letter after a cased character is not the first of its word.
    return f"{character}a".title()[-1] == "a"


# By PythonCharacter's methods, in the order of the table's bits, lowest first.
STORED = {
    "isWhitespace": str.isspace,
    "isLineBreak": lambda character: len(f"a{character}b".splitlines()) == 2,
    "isPrintable": str.isprintable,
    "isAlphabetic": str.isalpha,
    "isDecimal": str.isdecimal,
    "isDigit": str.isdigit,
    "isNumeric": str.isnumeric,
    "isUpper": str.isupper,
    "isLower": str.islower,
    "isTitle": lambda character: character.istitle() and not character.isupper(),
    "isCaseIgnorable": is_case_ignorable,
    "isIdentifierStart": str.isidentifier,
    "isIdentifierPart": lambda character: f"a{character}".isidentifier(),
}
# What PythonCharacter concludes from the stored ones.
CONCLUDED = {
    "isCased": is_cased,
    "isWord": lambda character: character.isalnum() or character == "_",
}
MAPPINGS = {
    "toUpper": str.upper,
    "toLower": str.lower,
    "toTitle": str.title,
    "toFoldCase": str.casefold,
}


def decimal_value(character: str) -> int:
    return unicodedata.decimal(character, -1)


def hexadecimal(text: str, separator: str) -> str:
    return separator.join(f"{ord(character):x}" for character in text)


# --- the table ---


def kind_of(character: str) -> str:
    """The bits of a character's properties, then how each mapping changes it."""
    bits = sum(holds(character) << bit for bit, holds in enumerate(STORED.values()))
    words = [f"{bits:x}"]
    for mapping in MAPPINGS.values():
        image = mapping(character)
        if len(image) == 1:
            words.append(f"{ord(image) - ord(character):x}")
        else:
            words.append(hexadecimal(image, "."))
    return " ".join(words)


def runs_of_kinds() -> list[tuple[str, int, int]]:
    """The kind, the start and the length of every run of characters of one kind."""
    runs = []
    for kind, members in itertools.groupby(POINTS, key=lambda point: kind_of(CHARACTERS[point])):
        members = list(members)
        runs.append((kind, members[0], len(members)))
    return runs


def table_text(runs: list[tuple[str, int, int]]) -> str:
    numbers = {}
    for kind, _, _ in runs:
        numbers.setdefault(kind, len(numbers))
    lines = [
        f"# Written by scripts/chat_characters.py from Unicode {UNICODE_VERSION}. All numbers are",
        "# hexadecimal. A kind is its characters' properties, a bit each, lowest first:",
        f"# {', '.join(list(STORED)[:7])},",
        f"# {', '.join(list(STORED)[7:])};",
        f"# then what {', '.join(MAPPINGS)} make of them: a number to add, or",
        "# two or more code points. A run is the number of its kind and, unless it is one",
        "# character, its length; the runs cover U+0000 to U+10FFFF.",
        f"kinds {len(numbers):x}",
        *numbers,
        f"runs {len(runs):x}",
    ]
    words = [
        f"{numbers[kind]:x}" if length == 1 else f"{numbers[kind]:x}*{length:x}"
        for kind, _, length in runs
    ]
    return "\n".join(lines + textwrap.wrap(" ".join(words), 100)) + "\n"


# --- what PythonCharacter and its callers rely on ---


def check_conclusions(runs: list[tuple[str, int, int]]) -> None:
    for character in CHARACTERS:
        cased = character.isupper() or character.islower() or STORED["isTitle"](character)
        assert is_cased(character) == cased, ascii(character)
        assert character.isspace() == (character.strip() == ""), ascii(character)
        assert character.isspace() == (not character.split()), ascii(character)
    everything = "".join(CHARACTERS)
    for pattern, holds in (
        (r"\s", str.isspace),
        (r"\w", CONCLUDED["isWord"]),
        (r"\d", str.isdecimal),
    ):
        assert re.findall(pattern, everything) == list(filter(holds, CHARACTERS)), pattern
    # A decimal's value is its place in its run, modulo ten.
    for _, start, length in runs:
        for offset, character in enumerate(CHARACTERS[start : start + length]):
            if character.isdecimal():
                assert int(character) == decimal_value(character) == offset % 10, ascii(character)


def check_final_sigma() -> None:
    """Compares the rule for the final sigma, by the two properties, with str.lower."""
    ignorable = {character for character in CHARACTERS if is_case_ignorable(character)}
    cased = {character for character in CHARACTERS if is_cased(character)}

    def first_that_counts_is_cased(characters) -> bool:
        for character in characters:
            if character not in ignorable:
                return character in cased
        return False

    def lower(text: str) -> str:
        result = []
        for index, character in enumerate(text):
            final = (
                character == "Σ"
                and first_that_counts_is_cased(reversed(text[:index]))
                and not first_that_counts_is_cased(text[index + 1 :])
            )
            result.append("ς" if final else character.lower())
        return "".join(result)

    # Nothing, neither, cased, ignorable, both, and what an ignorable one hides.
    samples = ["", "1", "y", "\u0301", "\u0345", "'Y"]
    for character in CHARACTERS:
        for sample in samples:
            before = f"x{character}Σ{sample}"
            after = f"xΣ{character}{sample}"
            for text in (before, after, f"{sample}{character}Σ"):
                assert text.lower() == lower(text), ascii(text)


# --- the golden file ---


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def golden_digests() -> list[str]:
    lines = []
    for name, holds in (STORED | CONCLUDED).items():
        answers = "".join("1" if holds(character) else "0" for character in CHARACTERS)
        lines.append(f"{name} {answers.count('1')} {digest(answers)}")
    for name, mapping in MAPPINGS.items():
        changes = [
            f"{ord(character):x} {hexadecimal(image, ' ')}\n"
            for character in CHARACTERS
            if (image := mapping(character)) != character
        ]
        lines.append(f"{name} {len(changes)} {digest(''.join(changes))}")
    values = [decimal_value(character) for character in CHARACTERS]
    answers = "".join("-" if value < 0 else str(value) for value in values)
    lines.append(f"decimalValue {len(values) - answers.count('-')} {digest(answers)}")
    return lines


def sample_points() -> list[int]:
    """ASCII, ends of ranges, spaces, title case, changes of length, two of each set of answers."""
    points = {*range(0x80), 0xD7FF, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000}
    points |= {0xFFFF, 0x10000, 0x10FFFF}
    sets = {}
    for point, character in enumerate(CHARACTERS):
        answers = tuple(holds(character) for holds in STORED.values())
        changed = tuple(mapping(character) != character for mapping in MAPPINGS.values())
        sets.setdefault((answers, changed), []).append(point)
        rare = character.isspace() or STORED["isTitle"](character)
        if rare or any(len(mapping(character)) > 1 for mapping in MAPPINGS.values()):
            points.add(point)
    for members in sets.values():
        points |= {members[0], members[-1]}
    return sorted(points)


def sample_line(point: int) -> str:
    character = CHARACTERS[point]
    words = [name for name, holds in (STORED | CONCLUDED).items() if holds(character)]
    if character.isdecimal():
        words.append(f"decimalValue={decimal_value(character)}")
    for name, mapping in MAPPINGS.items():
        words.append(f"{name}={hexadecimal(mapping(character), '.')}")
    return f"{point:x}: {' '.join(words)} # {unicodedata.name(character, 'no name')}"


def golden_text() -> str:
    return "\n".join(
        [
            f"# Written by scripts/chat_characters.py from Unicode {UNICODE_VERSION}. For every",
            "# method: how many characters it holds for or changes, and the SHA-256 of its answers",
            "# for all of them.",
            *golden_digests(),
            "",
            "# Every answer for some characters.",
            *map(sample_line, sample_points()),
            "",
        ]
    )


def main() -> None:
    if unicodedata.unidata_version != UNICODE_VERSION:
        sys.exit(f"needs a Python with Unicode {UNICODE_VERSION}: {unicodedata.unidata_version}")
    runs = runs_of_kinds()
    check_conclusions(runs)
    check_final_sigma()
    for path, text in ((TABLE, table_text(runs)), (GOLDEN, golden_text())):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    main()
