#!/usr/bin/env python3
"""Writes the character classes that the pre-tokenizers use, as run lengths in a Java file.

    python3 -m pip install unicodedata2==18.0.0
    python3 scripts/unicode_tables.py

The table is committed, so that token ids do not change with the JDK. The seven classes are the
major general categories, except that every character of the property White_Space (the separators
and U+0009-000D, U+0085) is whitespace and nothing else.
"""
import pathlib

import unicodedata2

TARGET = (
    pathlib.Path(__file__).resolve().parent.parent
    / "engine/src/main/java/io/sparkllama/engine/tokenizer/CharacterClassTable.java"
)
CONTROL_WHITESPACE = {9, 10, 11, 12, 13, 0x85}


def class_of(point: int) -> str:
    category = unicodedata2.category(chr(point))
    if category[0] == "Z" or point in CONTROL_WHITESPACE:
        return "W"
    return {"L": "L", "M": "M", "N": "N", "P": "P", "S": "S"}.get(category[0], "O")


def base32(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuv"
    text = ""
    while number:
        text = digits[number % 32] + text
        number //= 32
    return text


def main() -> None:
    runs = []
    for point in range(0x110000):
        name = class_of(point)
        if runs and runs[-1][0] == name:
            runs[-1][1] += 1
        else:
            runs.append([name, 1])
    text = "".join(name + base32(length) for name, length in runs)
    width = 86
    lines = [text[i : i + width] for i in range(0, len(text), width)]
    body = "\n          + ".join(f'"{line}"' for line in lines)
    TARGET.write_text(
        f"""package io.sparkllama.engine.tokenizer;

/**
 * Holds the class of every Unicode character, written by {{@code scripts/unicode_tables.py}} from
 * Unicode {unicodedata2.unidata_version}.
 */
final class CharacterClassTable {{
  /** The edition of Unicode that the classes are from. */
  static final String UNICODE_VERSION = "{unicodedata2.unidata_version}";

  /**
   * Runs of characters of one class, from U+0000 to U+10FFFF: a capital letter (L letter, M mark, N
   * number, P punctuation, S symbol, W whitespace, O other), then the run's length in base 32.
   */
  static final String RUNS =
      {body};

  private CharacterClassTable() {{}}
}}
"""
    )


if __name__ == "__main__":
    main()
