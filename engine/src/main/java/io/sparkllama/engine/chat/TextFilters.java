package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Holds the filters that make text. */
final class TextFilters {
  private static final MarkedText NEW_LINE = MarkedText.ofTemplate("\n");
  private static final MarkedText SPACE = MarkedText.ofTemplate(" ");

  private TextFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("upper", changing("upper", TextCase::upper));
    filters.put("lower", changing("lower", TextCase::lower));
    filters.put("capitalize", changing("capitalize", TextCase::capitalize));
    filters.put("title", TextFilters::title);
    filters.put("string", (rendering, value, arguments) -> text(rendering, value));
    filters.put("safe", TextFilters::safe);
    filters.put("escape", TextFilters::escape);
    filters.put("e", TextFilters::escape);
    filters.put("forceescape", TextFilters::forceEscape);
    filters.put("trim", TextFilters::trim);
    filters.put("center", TextFilters::center);
    filters.put("replace", TextFilters::replace);
    filters.put("format", TextFilters::format);
    filters.put("indent", TextFilters::indent);
    filters.put("truncate", TextFilters::truncate);
    filters.put("wordcount", TextFilters::wordCount);
    filters.put("urlencode", TextFilters::urlEncode);
    filters.put("xmlattr", TextFilters::xmlAttributes);
    filters.put("tojson", TextFilters::toJson);
  }

  /** Returns a value as a string, which stays as safe as it is. */
  static StringValue text(Rendering rendering, TemplateValue value) {
    return value instanceof StringValue string
        ? string
        : StringValue.of(Representation.text(rendering.budget(), value));
  }

  /** Returns an argument that must be a string. */
  static StringValue string(String filter, TemplateValue value) {
    if (value instanceof StringValue string) {
      return string;
    }
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    throw new TemplateException(filter + " takes a string here, not " + value.typeName());
  }

  private static Filter changing(String name, Function<TextCase, MarkedText> change) {
    return (rendering, value, arguments) -> {
      arguments.bind(name, 0);
      StringValue string = text(rendering, value);
      return string.with(change.apply(new TextCase(rendering, string.text())));
    };
  }

  /** Begins every word with a capital letter; words are what stands between spaces and brackets. */
  private static TemplateValue title(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("title", 0);
    MarkedText text = text(rendering, value).text();
    MarkedTextBuilder out = rendering.newText();
    int start = 0;
    while (start < text.length()) {
      boolean separators = separatesWords(text.chars().codePointAt(start));
      int end = start;
      while (end < text.length() && separatesWords(text.chars().codePointAt(end)) == separators) {
        end += Character.charCount(text.chars().codePointAt(end));
      }
      int first = start + Character.charCount(text.chars().codePointAt(start));
      out.append(new TextCase(rendering, text.substring(start, first)).upper());
      out.append(new TextCase(rendering, text.substring(first, end)).lower());
      start = end;
    }
    return StringValue.of(out.build());
  }

  private static boolean separatesWords(int c) {
    return "-({[<".indexOf(c) >= 0 || PythonCharacter.isWhitespace(c);
  }

  private static TemplateValue safe(Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("safe", 0);
    return new StringValue(text(rendering, value).text(), true);
  }

  private static TemplateValue escape(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("escape", 0);
    return new StringValue(HtmlText.escaped(rendering, text(rendering, value)), true);
  }

  private static TemplateValue forceEscape(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("forceescape", 0);
    return new StringValue(HtmlText.escaped(rendering, text(rendering, value).text()), true);
  }

  private static TemplateValue trim(Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue chars = arguments.bind("trim", 0, "chars")[0];
    Optional<String> set =
        chars == null || chars == NoneValue.NONE
            ? Optional.empty()
            : Optional.of(string("trim", chars).chars());
    StringValue string = text(rendering, value);
    return string.with(new TextSplit(rendering, string).strip(TextSplit.Ends.BOTH, set));
  }

  private static TemplateValue center(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue width = arguments.bind("center", 0, "width")[0];
    StringValue string = text(rendering, value);
    return string.with(
        new TextPadding(rendering, string.text())
            .center(width == null ? 80 : NumberValues.index(width), SPACE));
  }

  private static TemplateValue replace(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("replace", 2, "old", "new", "count");
    MarkedText old = Representation.text(rendering.budget(), bound[0]);
    MarkedText replacement = Representation.text(rendering.budget(), bound[1]);
    int most = bound[2] == null || bound[2] == NoneValue.NONE ? -1 : NumberValues.index(bound[2]);
    MarkedText text = Representation.text(rendering.budget(), value);
    return StringValue.of(new TextSearch(rendering, text).replace(old.chars(), replacement, most));
  }

  private static TemplateValue format(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
      throw new TemplateException("can't handle positional and keyword arguments at the same time");
    }
    TemplateValue given = SequenceValue.tuple(arguments.positional());
    if (!arguments.named().isEmpty()) {
      MapValue map = new MapValue();
      arguments.named().forEach((name, v) -> map.put(rendering.budget(), arguments.name(name), v));
      given = map;
    }
    return PercentFormat.format(rendering, text(rendering, value), given);
  }

  private static TemplateValue indent(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("indent", 0, "width", "first", "blank");
    MarkedText indention =
        bound[0] instanceof StringValue given
            ? given.text()
            : rendering
                .newText()
                .repeat(SPACE, Math.max(0, bound[0] == null ? 4 : NumberValues.index(bound[0])))
                .build();
    boolean first = bound[1] != null && bound[1].truth();
    boolean blank = bound[2] != null && bound[2].truth();
    StringValue string = string("indent", value);
    MarkedText whole = rendering.newText().append(string.text()).append(NEW_LINE).build();
    TextSplit split = new TextSplit(rendering, string.with(whole));
    List<MarkedText> lines = split.lines(false);
    List<MarkedText> broken = split.lines(true);
    MarkedTextBuilder out = rendering.newText();
    for (int i = 0; i < lines.size(); i++) {
      boolean indents = i == 0 ? first : blank || !lines.get(i).isEmpty();
      out.append(indents ? indention : MarkedText.EMPTY).append(lines.get(i));
      if (i + 1 < lines.size()) {
        out.append('\n', broken.get(i).hasData(lines.get(i).length(), broken.get(i).length()));
      }
    }
    return string.with(out.build());
  }

  private static TemplateValue truncate(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
    int length = bound[0] == null ? 255 : NumberValues.index(bound[0]);
    boolean cutsWords = bound[1] != null && bound[1].truth();
    StringValue end =
        bound[2] == null ? StringValue.ofTemplate("...") : string("truncate", bound[2]);
    int leeway = bound[3] == null || bound[3] == NoneValue.NONE ? 5 : NumberValues.index(bound[3]);
    int endLength = end.text().codePoints();
    if (length < endLength) {
      throw new TemplateException("expected length >= " + endLength + ", got " + length);
    }
    if (leeway < 0) {
      throw new TemplateException("expected leeway >= 0, got " + leeway);
    }
    if (NumberValues.index(SequenceFilters.length(value)) <= (long) length + leeway) {
      return value;
    }
    StringValue string = string("truncate", value);
    MarkedText kept = Slices.codePoints(rendering.budget(), string.text(), 0, length - endLength);
    int space = cutsWords ? -1 : kept.chars().lastIndexOf(' ');
    MarkedText part = space < 0 ? kept : kept.substring(0, space);
    return Arithmetic.binary(rendering, "+", string.with(part), end);
  }

  private static TemplateValue wordCount(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("wordcount", 0);
    String chars = text(rendering, value).chars();
    rendering.budget().steps(chars.length() / 4);
    long count = 0;
    boolean inside = false;
    int at = 0;
    while (at < chars.length()) {
      int c = chars.codePointAt(at);
      boolean word = PythonCharacter.isWord(c);
      count += word && !inside ? 1 : 0;
      inside = word;
      at += Character.charCount(c);
    }
    return IntegerValue.of(count);
  }

  private static TemplateValue urlEncode(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    arguments.bind("urlencode", 0);
    MarkedTextBuilder out = rendering.newText();
    if (value instanceof StringValue || !Iteration.isIterable(value)) {
      quote(out, Representation.text(rendering.budget(), value), "/");
      return StringValue.of(out.build());
    }
    List<TemplateValue> pairs =
        value instanceof MapValue map
            ? MapMethods.items(rendering, map)
            : Iteration.list(rendering, value);
    for (TemplateValue pair : pairs) {
      List<TemplateValue> parts = Unpacking.parts(rendering, pair, 2);
      out.append(out.length() == 0 ? "" : "&");
      quote(out, Representation.text(rendering.budget(), parts.get(0)), "");
      out.append("=");
      quote(out, Representation.text(rendering.budget(), parts.get(1)), "");
    }
    return StringValue.of(out.build());
  }

  /** Writes bytes that a URL cannot hold as {@code %XX}; in queries a space is a plus. */
  private static void quote(MarkedTextBuilder out, MarkedText text, String alsoKept) {
    int at = 0;
    while (at < text.length()) {
      int c = text.chars().codePointAt(at);
      boolean isData = text.isDataCharacter(at);
      boolean kept =
          c >= 'a' && c <= 'z'
              || c >= 'A' && c <= 'Z'
              || c >= '0' && c <= '9'
              || "_.-~".indexOf(c) >= 0
              || alsoKept.indexOf(c) >= 0;
      if (kept) {
        out.append((char) c, isData);
      } else if (c == ' ' && alsoKept.isEmpty()) {
        out.append('+', isData);
      } else {
        for (byte part : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
          out.append(String.format("%%%02X", part & 0xff), isData);
        }
      }
      at += Character.charCount(c);
    }
  }

  private static TemplateValue xmlAttributes(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue spaced = arguments.bind("xmlattr", 0, "autospace")[0];
    if (value instanceof UndefinedValue undefined) {
      throw undefined.failure();
    }
    if (!(value instanceof MapValue map)) {
      throw new TemplateException("xmlattr takes a map, not " + value.typeName());
    }
    MarkedTextBuilder out = rendering.newText();
    String separator = spaced == null || spaced.truth() ? " " : "";
    for (MapValue.Entry entry : map.entries()) {
      if (entry.value() == NoneValue.NONE || entry.value() instanceof UndefinedValue) {
        continue;
      }
      StringValue key = string("xmlattr", entry.key());
      if (key.chars().chars().anyMatch(c -> " \t\n\u000b\f\r/>=".indexOf(c) >= 0)) {
        throw TemplateException.quoting(
            "Invalid character in attribute name: " + Representation.quoted(key.chars()));
      }
      out.append(separator).append(HtmlText.escaped(rendering, key)).append("=\"");
      out.append(HtmlText.escaped(rendering, text(rendering, entry.value()))).append("\"");
      separator = " ";
    }
    return StringValue.of(out.build());
  }

  private static TemplateValue toJson(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue[] bound =
        arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
    Optional<MarkedText> indent = Optional.empty();
    if (bound[1] != null && bound[1] != NoneValue.NONE) {
      indent =
          Optional.of(
              bound[1] instanceof StringValue given
                  ? given.text()
                  : rendering
                      .newText()
                      .repeat(SPACE, Math.max(0, NumberValues.index(bound[1])))
                      .build());
    }
    MarkedText itemSeparator = MarkedText.ofTemplate(indent.isPresent() ? "," : ", ");
    MarkedText keySeparator = MarkedText.ofTemplate(": ");
    if (bound[2] != null && bound[2] != NoneValue.NONE) {
      List<TemplateValue> separators = Unpacking.parts(rendering, bound[2], 2);
      itemSeparator = string("tojson", separators.get(0)).text();
      keySeparator = string("tojson", separators.get(1)).text();
    }
    JsonText.Style style =
        new JsonText.Style(
            bound[0] != null && bound[0].truth(),
            indent,
            itemSeparator,
            keySeparator,
            bound[3] != null && bound[3].truth());
    return StringValue.of(JsonText.of(rendering.budget(), style, value));
  }
}
