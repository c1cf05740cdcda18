package io.sparkllama.job.prompt;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Fills the columns of a row into a text: plain text and <code>{{ column }}</code>, compiled once
 * per job.
 *
 * <p>Every other construct of Jinja is refused when the job starts, so that it can never stand in a
 * prompt as text by mistake. The template's text is kept as it is, line feeds at its end included.
 */
public final class PromptTemplate implements Serializable {
  private static final long serialVersionUID = 1;

  /**
   * Holds one piece of a template: the template's own text, or the name of a column.
   *
   * @param column whether {@code text} names a column
   */
  private record Part(String text, boolean column) implements Serializable {}

  private final List<Part> parts;

  private PromptTemplate(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /**
   * Compiles a template.
   *
   * @param key of the job file that holds it, for messages
   * @throws InvalidConfigurationException says where the template has more than text and columns
   */
  public static PromptTemplate compile(String key, String text) {
    refuseLoneSurrogates(key, text);
    List<Part> parts = new ArrayList<>();
    int start = 0;
    for (int i = 0; i + 1 < text.length(); i++) {
      if (text.charAt(i) != '{') {
        continue;
      }
      char next = text.charAt(i + 1);
      if (next == '%' || next == '#') {
        throw refused(key, text, i, "{" + next + " … " + next + "} does not run in a prompt");
      }
      if (next == '{') {
        int end = text.indexOf("}}", i + 2);
        if (end < 0) {
          throw refused(key, text, i, "{{ has no closing }}");
        }
        if (i > start) {
          parts.add(new Part(text.substring(start, i), false));
        }
        String name = text.substring(i + 2, end).strip();
        if (!isName(name)) {
          throw refused(key, text, i, "only a column's name may stand between {{ and }}");
        }
        parts.add(new Part(name, true));
        start = end + 2;
        i = end + 1;
      }
    }
    if (start < text.length()) {
      parts.add(new Part(text.substring(start), false));
    }
    return new PromptTemplate(parts);
  }

  /** Returns the columns that the template names, each once, in the order of first use. */
  public List<String> columns() {
    return parts.stream().filter(Part::column).map(Part::text).distinct().toList();
  }

  /**
   * Makes the prompt of a row; what columns hold is data, where special tokens are plain text.
   *
   * @param values by column name, a text for every one of {@link #columns()}
   */
  public Prompt render(Map<String, String> values) {
    List<Span> spans = new ArrayList<>(parts.size());
    for (Part part : parts) {
      spans.add(
          part.column()
              ? new Span(values.get(part.text()), Origin.DATA)
              : new Span(part.text(), Origin.TEMPLATE));
    }
    return new Prompt(spans);
  }

  private static boolean isName(String name) {
    if (name.isEmpty()) {
      return false;
    }
    boolean first = true;
    for (int i = 0; i < name.length(); ) {
      int c = name.codePointAt(i);
      boolean letter = Character.isLetter(c) || c == '_';
      if (!(letter || (!first && (Character.isDigit(c) || c == '.')))) {
        return false;
      }
      first = c == '.';
      i += Character.charCount(c);
    }
    return !first;
  }

  private static void refuseLoneSurrogates(String key, String text) {
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        throw refused(key, text, i, "half a character (a lone surrogate) is no text");
      }
    }
  }

  private static InvalidConfigurationException refused(
      String key, String text, int at, String problem) {
    int line = 1 + (int) text.substring(0, at).chars().filter(c -> c == '\n').count();
    int column = at - text.lastIndexOf('\n', at - 1);
    return new InvalidConfigurationException(
        key
            + " is refused at line "
            + line
            + ", column "
            + column
            + ": "
            + problem
            + ". A prompt takes text and {{ column }}; prepare anything else as a column of the"
            + " input.");
  }
}
