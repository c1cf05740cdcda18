package io.sparkllama.engine.chat;

/** Brings texts to a width as Python's strings do. */
final class TextPadding {
  private static final MarkedText SPACE = MarkedText.ofTemplate(" ");
  private static final MarkedText DATA_SPACE = MarkedText.ofData(" ");

  private final Rendering rendering;
  private final MarkedText text;

  TextPadding(Rendering rendering, MarkedText text) {
    this.rendering = rendering;
    this.text = text;
  }

  /** Puts a text into the middle; the odd place is on the left where the width is odd. */
  MarkedText center(int width, MarkedText fill) {
    long room = Math.max(0, (long) width - text.codePoints());
    long left = room / 2 + (room & width & 1);
    return padded(left, room - left, fill);
  }

  MarkedText left(int width, MarkedText fill) {
    return padded(0, Math.max(0, (long) width - text.codePoints()), fill);
  }

  MarkedText right(int width, MarkedText fill) {
    return padded(Math.max(0, (long) width - text.codePoints()), 0, fill);
  }

  /** Fills up with zeros after the sign. */
  MarkedText zeros(int width) {
    boolean signed =
        !text.isEmpty() && (text.chars().charAt(0) == '+' || text.chars().charAt(0) == '-');
    int sign = signed ? 1 : 0;
    return rendering
        .newText()
        .append(text, 0, sign)
        .repeat(MarkedText.ofTemplate("0"), Math.max(0, (long) width - text.codePoints()))
        .append(text, sign, text.length())
        .build();
  }

  /** Replaces tabs by spaces of who wrote the tab, up to the next multiple of a width. */
  MarkedText tabsExpanded(int width) {
    MarkedTextBuilder out = rendering.newText();
    String chars = text.chars();
    int column = 0;
    int at = 0;
    while (at < chars.length()) {
      int c = chars.codePointAt(at);
      int next = at + Character.charCount(c);
      if (c == '\t') {
        if (width > 0) {
          int spaces = width - column % width;
          MarkedText space = text.isData(at) ? DATA_SPACE : SPACE;
          out.repeat(space, spaces);
          column += spaces;
        }
      } else {
        out.append(text, at, next);
        column = c == '\n' || c == '\r' ? 0 : column + 1;
      }
      at = next;
    }
    return out.build();
  }

  private MarkedText padded(long left, long right, MarkedText fill) {
    return rendering.newText().repeat(fill, left).append(text).repeat(fill, right).build();
  }
}
