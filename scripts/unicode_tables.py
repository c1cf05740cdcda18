#!/usr/bin/env python3
"""Writes the Unicode tables that the tokenizers use, as strings in Java files.

    python3 -m pip install unicodedata2==18.0.0
    python3 scripts/unicode_tables.py

The tables are committed, so that token ids do not change with the JDK. CharacterClassTable holds
classes: letters by case, else the major general categories, except that every character of the
property White_Space (the separators and U+0009-000D, U+0085) is whitespace and nothing else.
NormalizationTable holds what normalization form C needs: canonical decompositions and combining
classes.
"""
import pathlib

import unicodedata2

TARGET = (
    pathlib.Path(__file__).resolve().parent.parent
    / "engine/src/main/java/io/sparkllama/engine/tokenizer"
)
CONTROL_WHITESPACE = {9, 10, 11, 12, 13, 0x85}
LETTER_CLASSES = {"Lu": "U", "Lt": "U", "Ll": "D", "Lm": "L", "Lo": "L"}
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic


def class_of(point: int) -> str:
    category = unicodedata2.category(chr(point))
    if category[0] == "Z" or point in CONTROL_WHITESPACE:
        return "W"
    if category[0] == "L":
        return LETTER_CLASSES[category]
    return {"M": "M", "N": "N", "P": "P", "S": "S"}.get(category[0], "O")


def base32(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuv"
    text = ""
    while number:
        text = digits[number % 32] + text
        number //= 32
    return text


def literal(text: str) -> str:
    width = 86
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    return "\n          + ".join(f'"{line}"' for line in lines)


def runs(value_of) -> list:
    """Returns [value, length] of every run from U+0000 to U+10FFFF."""
    found = []
    for point in range(0x110000):
        value = value_of(point)
        if found and found[-1][0] == value:
            found[-1][1] += 1
        else:
            found.append([value, 1])
    return found


def write_classes() -> None:
    text = "".join(name + base32(length) for name, length in runs(class_of))
    (TARGET / "CharacterClassTable.java").write_text(
        f"""package io.sparkllama.engine.tokenizer;

/**
 * Holds the class of every Unicode character, written by {{@code scripts/unicode_tables.py}} from
 * Unicode {unicodedata2.unidata_version}.
 */
final class CharacterClassTable {{
  /** The edition of Unicode that the classes are from. */
  static final String UNICODE_VERSION = "{unicodedata2.unidata_version}";

  /**
   * Runs of characters of one class, from U+0000 to U+10FFFF: a capital letter (U letter of upper or
   * title case, D of lower case, L other letter, M mark, N number, P punctuation, S symbol, W
   * whitespace, O other), then the run's length in base 32.
   */
  static final String RUNS =
      {literal(text)};

  private CharacterClassTable() {{}}
}}
"""
    )


def decompositions() -> str:
    text = ""
    last = 0
    for point in range(0x110000):
        given = unicodedata2.decomposition(chr(point))
        if not given or given.startswith("<") or point in HANGUL:
            continue
        parts = [int(part, 16) for part in given.split()]
        composes = unicodedata2.normalize("NFC", "".join(map(chr, parts))) == chr(point)
        kind = "S" if len(parts) == 1 else "C" if composes else "D"
        text += kind + base32(point - last) + "".join("A" + base32(part) for part in parts)
        last = point
    return text


def write_normalization() -> None:
    classes = "".join(
        f"K{base32(number)}R{base32(length)}"
        for number, length in runs(lambda point: unicodedata2.combining(chr(point)))
    )
    (TARGET / "NormalizationTable.java").write_text(
        f"""package io.sparkllama.engine.tokenizer;

/**
 * Holds what Unicode's normalization form C needs, written by {{@code scripts/unicode_tables.py}} from
 * Unicode {unicodedata2.unidata_version}; numbers are in base 32, and an empty one is 0.
 */
final class NormalizationTable {{
  /**
   * Canonical decompositions by ascending character, Hangul's aside: a capital letter (S of one
   * character, C of two that compose again, D of two that do not), the distance from the character
   * before, and each part after an A.
   */
  static final String DECOMPOSITIONS =
      {literal(decompositions())};

  /** Runs of one combining class, from U+0000 to U+10FFFF: the class after K, the length after R. */
  static final String COMBINING_CLASSES =
      {literal(classes)};

  private NormalizationTable() {{}}
}}
"""
    )


if __name__ == "__main__":
    write_classes()
    write_normalization()
