package io.sparkllama.engine.chat;

import java.util.function.IntPredicate;

/** Changes and asks for the case of texts as Python's strings do. */
final class TextCase {
  private static final int CAPITAL_SIGMA = 'Σ';

  private final Rendering rendering;
  private final MarkedText text;
  private final String chars;

  TextCase(Rendering rendering, MarkedText text) {
    this.rendering = rendering;
    this.text = text;
    this.chars = text.chars();
    rendering.budget().steps(text.length() / 4);
  }

  /** Says what becomes of a character. */
  private interface Mapping {
    void append(int codePoint, int index, StringBuilder out);
  }

  MarkedText upper() {
    return map((c, index, out) -> PythonCharacter.appendUpper(c, out));
  }

  MarkedText lower() {
    return map(this::appendLower);
  }

  MarkedText foldCase() {
    return map((c, index, out) -> PythonCharacter.appendFoldCase(c, out));
  }

  MarkedText swapCase() {
    return map(
        (c, index, out) -> {
          if (PythonCharacter.isUpper(c)) {
            appendLower(c, index, out);
          } else if (PythonCharacter.isLower(c)) {
            PythonCharacter.appendUpper(c, out);
          } else {
            out.appendCodePoint(c);
          }
        });
  }

  MarkedText capitalize() {
    return map(
        (c, index, out) -> {
          if (index == 0) {
            PythonCharacter.appendTitle(c, out);
          } else {
            appendLower(c, index, out);
          }
        });
  }

  /** Begins every run of letters with a capital one. */
  MarkedText title() {
    return map(
        (c, index, out) -> {
          if (index > 0 && PythonCharacter.isCased(chars.codePointBefore(index))) {
            appendLower(c, index, out);
          } else {
            PythonCharacter.appendTitle(c, out);
          }
        });
  }

  /** Tells whether there are characters and all are of a kind. */
  boolean all(IntPredicate kind) {
    return !chars.isEmpty() && chars.codePoints().allMatch(kind);
  }

  boolean isUpper() {
    return chars.codePoints().anyMatch(PythonCharacter::isUpper)
        && chars
            .codePoints()
            .noneMatch(c -> PythonCharacter.isLower(c) || PythonCharacter.isTitle(c));
  }

  boolean isLower() {
    return chars.codePoints().anyMatch(PythonCharacter::isLower)
        && chars
            .codePoints()
            .noneMatch(c -> PythonCharacter.isUpper(c) || PythonCharacter.isTitle(c));
  }

  /** Tells whether capitals follow only what has no case, and small letters only letters. */
  boolean isTitle() {
    boolean cased = false;
    boolean afterCased = false;
    int at = 0;
    while (at < chars.length()) {
      int c = chars.codePointAt(at);
      at += Character.charCount(c);
      boolean capital = PythonCharacter.isUpper(c) || PythonCharacter.isTitle(c);
      boolean small = PythonCharacter.isLower(c);
      if (capital ? afterCased : small && !afterCased) {
        return false;
      }
      afterCased = capital || small;
      cased |= afterCased;
    }
    return cased;
  }

  private MarkedText map(Mapping mapping) {
    MarkedTextBuilder out = rendering.newText();
    StringBuilder stretch = new StringBuilder();
    int index = 0;
    while (index < chars.length()) {
      boolean isData = text.isDataCharacter(index);
      while (index < chars.length() && text.isDataCharacter(index) == isData) {
        int c = chars.codePointAt(index);
        mapping.append(c, index, stretch);
        index += Character.charCount(c);
      }
      out.append(stretch.toString(), isData);
      stretch.setLength(0);
    }
    return out.build();
  }

  private void appendLower(int c, int index, StringBuilder out) {
    if (c == CAPITAL_SIGMA) {
      out.append(endsWord(index) ? 'ς' : 'σ');
    } else {
      PythonCharacter.appendLower(c, out);
    }
  }

  /** Tells whether letters stand before an index and none after it: a final sigma. */
  private boolean endsWord(int index) {
    int before = index;
    while (before > 0 && PythonCharacter.isCaseIgnorable(chars.codePointBefore(before))) {
      before -= Character.charCount(chars.codePointBefore(before));
    }
    if (before == 0 || !PythonCharacter.isCased(chars.codePointBefore(before))) {
      return false;
    }
    int after = index + 1;
    while (after < chars.length() && PythonCharacter.isCaseIgnorable(chars.codePointAt(after))) {
      after += Character.charCount(chars.codePointAt(after));
    }
    return after == chars.length() || !PythonCharacter.isCased(chars.codePointAt(after));
  }
}
