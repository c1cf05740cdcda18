package io.sparkllama.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Says what a document holds that an operation of a template turns into a special text. */
enum InjectionDisguise {
  ITSELF(special -> Optional.of(special)),
  LOWERED(special -> undoing(special, upper(special), InjectionDisguise::lower)),
  RAISED(special -> undoing(special, lower(special), InjectionDisguise::upper)),
  SWAPPED(special -> undoing(special, swapped(special), InjectionDisguise::swapped)),
  CAPITALIZED(special -> undoing(special, swapped(special), InjectionDisguise::capitalized)),
  /** For the method {@code title}: words are runs of letters. */
  TITLED(special -> undoing(special, swapped(special), text -> titled(text, false))),
  /** For the filter {@code title}: words are what stands between spaces and brackets. */
  TITLED_BETWEEN_BRACKETS(
      special -> undoing(special, swapped(special), text -> titled(text, true))),
  WITH_SPACE_AROUND(special -> Optional.of(" \n\t" + special + "\n ")),
  /** Has a text in its middle that the template takes out. */
  WITH_A_HOLE(
      special -> Optional.of(new StringBuilder(special).insert(middle(special), "@@").toString())),
  BACKWARDS(special -> Optional.of(new StringBuilder(special).reverse().toString())),
  JSON_STRING(special -> undoing(special, unescaped(special), text -> json(text, false))),
  ASCII_JSON_STRING(special -> undoing(special, unescaped(special), text -> json(text, true))),
  PYTHON_STRING(special -> undoing(special, unescaped(special), InjectionDisguise::python)),
  ASCII_PYTHON_STRING(
      special ->
          special.chars().allMatch(c -> c < 0x80) ? PYTHON_STRING.of(special) : Optional.empty()),
  URL_PART(special -> undoing(special, decoded(special), InjectionDisguise::encoded)),
  HTML(special -> undoing(special, unescapedHtml(special), InjectionDisguise::escapedHtml)),
  XML_NAME(
      special -> special.matches("[^ \\s/>=&<'\"]+") ? Optional.of(special) : Optional.empty()),
  WITHOUT_BRACES(special -> special.matches("[^{}]+") ? Optional.of(special) : Optional.empty()),
  PERCENT_FORMAT(special -> Optional.of(special.replace("%", "%%"))),
  BRACE_FORMAT(special -> Optional.of(special.replace("{", "{{").replace("}", "}}"))),
  /** Is a format string that fills one place with each of the characters. */
  BRACE_FORMAT_OF_FILLS(
      special ->
          WITHOUT_BRACES
              .of(special)
              .map(
                  text ->
                      text.codePoints()
                          .mapToObj(c -> "{0:" + Character.toString(c) + "<1}")
                          .collect(Collectors.joining())));

  private final Function<String, Optional<String>> document;

  InjectionDisguise(Function<String, Optional<String>> document) {
    this.document = document;
  }

  /** Returns the document for a special text; nothing where no document gives that text. */
  Optional<String> of(String special) {
    return document.apply(special);
  }

  /** Returns where a text is cut in two, between characters. */
  static int middle(String text) {
    return text.offsetByCodePoints(0, text.codePointCount(0, text.length()) / 2);
  }

  private static Optional<String> undoing(
      String special, String document, Function<String, String> operation) {
    return operation.apply(document).equals(special) ? Optional.of(document) : Optional.empty();
  }

  private static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static String swapped(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .map(c -> Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c))
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  private static String capitalized(String text) {
    return upper(text.substring(0, 1)) + lower(text.substring(1));
  }

  private static String titled(String text, boolean betweenBrackets) {
    StringBuilder out = new StringBuilder();
    boolean within = false;
    for (int c : text.codePoints().toArray()) {
      String character = Character.toString(c);
      out.append(within ? lower(character) : upper(character));
      within =
          betweenBrackets
              ? "-({[<".indexOf(c) < 0 && !Character.isWhitespace(c)
              : Character.isLetter(c);
    }
    return out.toString();
  }

  /** Undoes the escapes that stand in the special texts of the tests. */
  private static String unescaped(String text) {
    return text.replace("\\n", "\n").replace("\\u00e9", "\u00e9").replace("\\x85", "\u0085");
  }

  private static String json(String text, boolean ascii) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(
          c == '"' || c == '\\'
              ? "\\" + c
              : c == '\n' ? "\\n" : ascii && c > 0x7e ? String.format("\\u%04x", (int) c) : "" + c);
    }
    return out.toString();
  }

  private static String python(String text) {
    StringBuilder out = new StringBuilder();
    for (char c : text.toCharArray()) {
      out.append(
          c == '\'' || c == '\\' ? "\\" + c : c == '\n' ? "\\n" : c == 0x85 ? "\\x85" : "" + c);
    }
    return out.toString();
  }

  private static String decoded(String text) {
    return text.matches("(?:[^%+]|%[0-9A-F]{2})*") ? URLDecoder.decode(text, UTF_8) : text;
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8).replace("%7E", "~").replace("%2F", "/");
  }

  private static String unescapedHtml(String text) {
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
  }

  private static String escapedHtml(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;")
        .replace("'", "&#39;");
  }
}
