package io.sparkllama.engine.chat;

/** Escapes text for HTML as the filters {@code escape} and {@code safe} of Jinja agree on. */
final class HtmlText {
  private HtmlText() {}

  /** Returns a string's text, escaped unless it was marked safe before. */
  static MarkedText escaped(Rendering rendering, StringValue string) {
    return string.markup() ? string.text() : escaped(rendering, string.text());
  }

  /** Returns a text with the five characters that HTML reads as more than text replaced. */
  static MarkedText escaped(Rendering rendering, MarkedText text) {
    MarkedTextBuilder out = rendering.newText();
    String chars = text.chars();
    int kept = 0;
    for (int i = 0; i < chars.length(); i++) {
      String escape =
          switch (chars.charAt(i)) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '"' -> "&#34;";
            case '\'' -> "&#39;";
            default -> null;
          };
      if (escape != null) {
        out.append(text, kept, i);
        out.append(escape, text.isData(i));
        kept = i + 1;
      }
    }
    return out.append(text, kept, chars.length()).build();
  }
}
