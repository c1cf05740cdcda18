package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/** Gives strings their methods, which are those of Python's. */
final class StringMethods {
  /** Does the work of a method. */
  private interface Method {
    TemplateValue call(Rendering rendering, StringValue self, Arguments arguments);
  }

  private static final MarkedText SPACE = MarkedText.ofTemplate(" ");
  private static final Map<String, Method> METHODS = new HashMap<>();

  static {
    changing("upper", TextCase::upper);
    changing("lower", TextCase::lower);
    changing("casefold", TextCase::foldCase);
    changing("swapcase", TextCase::swapCase);
    changing("capitalize", TextCase::capitalize);
    changing("title", TextCase::title);
    asking("isupper", TextCase::isUpper);
    asking("islower", TextCase::isLower);
    asking("istitle", TextCase::isTitle);
    askingAll("isalpha", PythonCharacter::isAlphabetic);
    askingAll("isdecimal", PythonCharacter::isDecimal);
    askingAll("isdigit", PythonCharacter::isDigit);
    askingAll("isnumeric", PythonCharacter::isNumeric);
    askingAll("isalnum", c -> c != '_' && PythonCharacter.isWord(c));
    askingAll("isspace", PythonCharacter::isWhitespace);
    asking("isascii", text -> !text.all(c -> true) || text.all(c -> c < 0x80));
    asking("isprintable", text -> !text.all(c -> true) || text.all(PythonCharacter::isPrintable));
    METHODS.put("isidentifier", StringMethods::isIdentifier);

    stripping("strip", TextSplit.Ends.BOTH);
    stripping("lstrip", TextSplit.Ends.LEFT);
    stripping("rstrip", TextSplit.Ends.RIGHT);
    METHODS.put(
        "split", (rendering, self, arguments) -> split("split", rendering, self, arguments));
    METHODS.put(
        "rsplit", (rendering, self, arguments) -> split("rsplit", rendering, self, arguments));
    METHODS.put("splitlines", StringMethods::splitLines);
    METHODS.put(
        "partition",
        (rendering, self, arguments) ->
            new TextSplit(rendering, self).partition(text("partition", arguments)));
    METHODS.put(
        "rpartition",
        (rendering, self, arguments) ->
            new TextSplit(rendering, self).partitionFromRight(text("rpartition", arguments)));
    METHODS.put("removeprefix", StringMethods::removePrefix);
    METHODS.put("removesuffix", StringMethods::removeSuffix);

    searching("find");
    searching("rfind");
    searching("index");
    searching("rindex");
    searching("count");
    affix("startswith");
    affix("endswith");
    METHODS.put("replace", StringMethods::replace);
    METHODS.put("join", StringMethods::join);

    padding("center");
    padding("ljust");
    padding("rjust");
    METHODS.put("zfill", StringMethods::fillZeros);
    METHODS.put("expandtabs", StringMethods::expandTabs);
    METHODS.put("format", BraceFormat::format);
    METHODS.put("format_map", BraceFormat::formatMap);
  }

  private StringMethods() {}

  /** Returns a string's method, or null where it has none of that name. */
  static TemplateValue find(StringValue self, String name) {
    Method method = METHODS.get(name);
    return method == null
        ? null
        : CallableValue.method(
            name, (rendering, arguments) -> method.call(rendering, self, arguments));
  }

  private static void changing(String name, Function<TextCase, MarkedText> change) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          arguments.bind(name, 0);
          return self.with(change.apply(new TextCase(rendering, self.text())));
        });
  }

  private static void asking(String name, Predicate<TextCase> question) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          arguments.bind(name, 0);
          return BooleanValue.of(question.test(new TextCase(rendering, self.text())));
        });
  }

  private static void askingAll(String name, IntPredicate kind) {
    asking(name, text -> text.all(kind));
  }

  private static TemplateValue isIdentifier(
      Rendering rendering, StringValue self, Arguments arguments) {
    arguments.bind("isidentifier", 0);
    TextCase text = new TextCase(rendering, self.text());
    boolean identifier =
        text.all(PythonCharacter::isIdentifierPart)
            && PythonCharacter.isIdentifierStart(self.chars().codePointAt(0));
    return BooleanValue.of(identifier);
  }

  private static void stripping(String name, TextSplit.Ends ends) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          TemplateValue[] bound = arguments.bind(name, 0, "chars");
          Optional<String> set = optionalText(name, bound[0]);
          return self.with(new TextSplit(rendering, self).strip(ends, set));
        });
  }

  private static TemplateValue split(
      String name, Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind(name, 0, "sep", "maxsplit");
    Optional<String> separator = optionalText(name, bound[0]);
    int most = bound[1] == null ? -1 : NumberValues.index(bound[1]);
    TextSplit text = new TextSplit(rendering, self);
    return name.equals("split")
        ? text.split(separator, most)
        : text.splitFromRight(separator, most);
  }

  private static TemplateValue splitLines(
      Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("splitlines", 0, "keepends");
    boolean keeps = bound[0] != null && bound[0].truth();
    List<TemplateValue> lines =
        new TextSplit(rendering, self)
            .lines(keeps).stream().<TemplateValue>map(self::with).toList();
    return SequenceValue.list(lines);
  }

  private static TemplateValue removePrefix(
      Rendering rendering, StringValue self, Arguments arguments) {
    String prefix = text("removeprefix", arguments).chars();
    rendering.budget().scan(prefix.length());
    return self.chars().startsWith(prefix)
        ? self.with(self.text().substring(prefix.length()))
        : self;
  }

  private static TemplateValue removeSuffix(
      Rendering rendering, StringValue self, Arguments arguments) {
    String suffix = text("removesuffix", arguments).chars();
    rendering.budget().scan(suffix.length());
    return self.chars().endsWith(suffix)
        ? self.with(self.text().substring(0, self.text().length() - suffix.length()))
        : self;
  }

  private static void searching(String name) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          TemplateValue[] bound = arguments.bind(name, 1, "sub", "start", "end");
          String sought = string(name, bound[0]).chars();
          TextSearch text = new TextSearch(rendering, self.text());
          int found =
              switch (name) {
                case "count" -> text.count(sought, bound[1], bound[2]);
                case "find", "index" -> text.find(sought, bound[1], bound[2]);
                default -> text.findLast(sought, bound[1], bound[2]);
              };
          if (found < 0 && name.endsWith("index")) {
            throw new TemplateException("substring not found");
          }
          return IntegerValue.of(found);
        });
  }

  private static void affix(String name) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          TemplateValue[] bound = arguments.bind(name, 1, "affix", "start", "end");
          return BooleanValue.of(
              new TextSearch(rendering, self.text()).hasAffix(name, bound[0], bound[1], bound[2]));
        });
  }

  private static TemplateValue replace(Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("replace", 2, "old", "new", "count");
    String old = string("replace", bound[0]).chars();
    StringValue replacement = string("replace", bound[1]);
    int most = bound[2] == null ? -1 : NumberValues.index(bound[2]);
    MarkedText put = self.markup() ? HtmlText.escaped(rendering, replacement) : replacement.text();
    return self.with(new TextSearch(rendering, self.text()).replace(old, put, most));
  }

  private static TemplateValue join(Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("join", 1, "iterable");
    MarkedTextBuilder out = rendering.newText();
    int place = 0;
    for (TemplateValue item : Iteration.list(rendering, bound[0])) {
      if (!(item instanceof StringValue string)) {
        throw new TemplateException(
            "sequence item " + place + ": expected str instance, " + item.typeName() + " found");
      }
      if (place > 0) {
        out.append(self.text());
      }
      out.append(self.markup() ? HtmlText.escaped(rendering, string) : string.text());
      place++;
    }
    return self.with(out.build());
  }

  private static void padding(String name) {
    METHODS.put(
        name,
        (rendering, self, arguments) -> {
          TemplateValue[] bound = arguments.bind(name, 1, "width", "fillchar");
          MarkedText fill = bound[1] == null ? SPACE : string(name, bound[1]).text();
          if (fill.codePoints() != 1) {
            throw new TemplateException("The fill character must be exactly one character long");
          }
          int width = NumberValues.index(bound[0]);
          TextPadding padding = new TextPadding(rendering, self.text());
          return self.with(
              switch (name) {
                case "center" -> padding.center(width, fill);
                case "ljust" -> padding.left(width, fill);
                default -> padding.right(width, fill);
              });
        });
  }

  private static TemplateValue fillZeros(
      Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("zfill", 1, "width");
    return self.with(new TextPadding(rendering, self.text()).zeros(NumberValues.index(bound[0])));
  }

  private static TemplateValue expandTabs(
      Rendering rendering, StringValue self, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("expandtabs", 0, "tabsize");
    int width = bound[0] == null ? 8 : NumberValues.index(bound[0]);
    return self.with(new TextPadding(rendering, self.text()).tabsExpanded(width));
  }

  private static StringValue text(String method, Arguments arguments) {
    return string(method, arguments.bind(method, 1, "text")[0]);
  }

  private static StringValue string(String method, TemplateValue value) {
    if (value instanceof StringValue string) {
      return string;
    }
    throw new TemplateException(method + "() argument must be str, not " + value.typeName());
  }

  private static Optional<String> optionalText(String method, TemplateValue value) {
    return value == null || value == NoneValue.NONE
        ? Optional.empty()
        : Optional.of(string(method, value).chars());
  }
}
