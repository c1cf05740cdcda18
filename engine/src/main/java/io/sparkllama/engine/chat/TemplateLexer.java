package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, by Jinja's rules for white space as chat models set them: the line
 * feed after a block goes, and so does the space before a block that begins its line.
 */
final class TemplateLexer {
  private static final String[] OPERATORS = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}",
    ">", "<", "=", ".", ":", "|", ",", ";"
  };

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineStarts = true; // whether the last piece ended with a line feed

  private TemplateLexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String text, TemplateDialect dialect) {
    String source = text.replace("\r\n", "\n").replace('\r', '\n');
    if (!dialect.keepsLastLineFeed() && source.endsWith("\n")) {
      source = source.substring(0, source.length() - 1);
    }
    TemplateLexer lexer = new TemplateLexer(source);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    while (at < source.length()) {
      int construct = nextConstruct(at);
      if (construct < 0) {
        add(TokenKind.DATA, source.substring(at));
        moveTo(source.length());
        break;
      }
      RawBegin raw = rawBegin(construct);
      if (raw != null) {
        addTextBefore(construct, signAt(construct), false);
        moveTo(raw.end());
        lexRaw();
      } else {
        lexConstruct(construct);
      }
    }
    add(TokenKind.END, "");
  }

  private int nextConstruct(int from) {
    for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
      if (i + 1 < source.length() && "{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  private char signAt(int construct) {
    char sign = construct + 2 < source.length() ? source.charAt(construct + 2) : 0;
    return sign == '-' || sign == '+' ? sign : 0;
  }

  private void lexConstruct(int construct) {
    char kind = source.charAt(construct + 1);
    char sign = signAt(construct);
    addTextBefore(construct, sign, kind == '{');
    moveTo(construct + (sign == 0 ? 2 : 3));
    switch (kind) {
      case '#' -> skipComment();
      case '%' -> {
        add(TokenKind.BLOCK_BEGIN, "{%");
        lexInside(TokenKind.BLOCK_END);
      }
      default -> {
        add(TokenKind.VARIABLE_BEGIN, "{{");
        lexInside(TokenKind.VARIABLE_END);
      }
    }
  }

  private void addTextBefore(int construct, char sign, boolean isVariable) {
    String text = source.substring(at, construct);
    String kept = text;
    if (sign == '-') {
      kept = withoutTrailingSpace(text);
    } else if (sign != '+' && !isVariable) {
      int lineStart = text.lastIndexOf('\n') + 1;
      boolean blank = lineStart < text.length() && isSpace(text, lineStart, text.length());
      if (blank && (lineStart > 0 || lineStarts)) {
        kept = text.substring(0, lineStart);
      }
    }
    if (!kept.isEmpty()) {
      add(TokenKind.DATA, kept);
    }
    moveTo(construct);
  }

  private static String withoutTrailingSpace(String text) {
    int end = text.length();
    while (end > 0 && PythonCharacter.isWhitespace(text.codePointBefore(end))) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(0, end);
  }

  private static boolean isSpace(String text, int start, int end) {
    return text.substring(start, end).codePoints().allMatch(PythonCharacter::isWhitespace);
  }

  private int skipSpace(int from) {
    int end = from;
    while (end < source.length() && PythonCharacter.isWhitespace(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    return end;
  }

  private void skipComment() {
    int end = source.indexOf("#}", at);
    if (at == source.length()) {
      return; // Jinja forgives what the template's end cuts off right here
    }
    if (end < 0) {
      throw failure("Missing end of comment tag");
    }
    char sign = end > at ? source.charAt(end - 1) : 0;
    moveTo(end + 2);
    trimAfterBlock(sign);
  }

  /** Goes past the space that a block's end takes with it. */
  private void trimAfterBlock(char sign) {
    if (sign == '-') {
      moveTo(skipSpace(at));
    } else if (sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      moveTo(at + 1);
    }
  }

  /** Holds where {@code {% raw %}} ends. */
  private record RawBegin(int end) {}

  private RawBegin rawBegin(int construct) {
    if (source.charAt(construct + 1) != '%') {
      return null;
    }
    int name = skipSpace(construct + (signAt(construct) == 0 ? 2 : 3));
    if (!source.startsWith("raw", name)) {
      return null;
    }
    int end = skipSpace(name + 3);
    if (source.startsWith("-%}", end)) {
      return new RawBegin(skipSpace(end + 3));
    }
    return source.startsWith("%}", end) ? new RawBegin(end + 2) : null;
  }

  private void lexRaw() {
    for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
      char sign = signAt(i);
      int name = skipSpace(i + (sign == 0 ? 2 : 3));
      if (!source.startsWith("endraw", name)) {
        continue;
      }
      int end = skipSpace(name + 6);
      char endSign = end < source.length() ? source.charAt(end) : 0;
      boolean signed = endSign == '-' || endSign == '+';
      if (source.startsWith("%}", signed ? end + 1 : end)) {
        addTextBefore(i, sign, false);
        moveTo((signed ? end + 1 : end) + 2);
        trimAfterBlock(signed ? endSign : 0);
        return;
      }
    }
    if (at < source.length()) {
      throw failure("Missing end of raw directive");
    }
  }

  /** Cuts what stands inside of a block or a variable, up to and with its end. */
  private void lexInside(TokenKind end) {
    String mark = end == TokenKind.BLOCK_END ? "%}" : "}}";
    Deque<Character> open = new ArrayDeque<>(); // the closing brackets that are waited for
    while (at < source.length()) {
      if (open.isEmpty() && lexEnd(end, mark)) {
        return;
      }
      int c = source.codePointAt(at);
      if (PythonCharacter.isWhitespace(c)) {
        moveTo(skipSpace(at));
      } else if (c == '\'' || c == '"') {
        lexString((char) c);
      } else if (!lexNumber() && !lexName() && !lexOperator(open)) {
        throw failure(
            "unexpected char " + Representation.quoted(Character.toString(c)) + " at " + at);
      }
    }
  }

  private boolean lexEnd(TokenKind end, String mark) {
    char sign = source.charAt(at);
    boolean signed = sign == '-' || (sign == '+' && end == TokenKind.BLOCK_END);
    if (!source.startsWith(mark, signed ? at + 1 : at)) {
      return false;
    }
    add(end, mark);
    moveTo(at + (signed ? 3 : 2));
    if (end == TokenKind.BLOCK_END) {
      trimAfterBlock(signed ? sign : 0);
    } else if (signed) {
      moveTo(skipSpace(at));
    }
    return true;
  }

  private void lexString(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw failure("unexpected char " + Representation.quoted("" + quote) + " at " + at);
    }
    int begin = line;
    String text;
    try {
      text = StringLiteral.text(source.substring(at + 1, end));
    } catch (TemplateException wrong) {
      throw failure(wrong.problem());
    }
    moveTo(end + 1);
    tokens.add(new Token(TokenKind.STRING, text, begin));
  }

  private boolean lexNumber() {
    NumberLiteral literal = NumberLiteral.at(source, at);
    if (literal == null) {
      return false;
    }
    add(literal.kind(), literal.digits());
    moveTo(literal.end());
    return true;
  }

  private boolean lexName() {
    int end = at;
    while (end < source.length() && PythonCharacter.isWord(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    if (end == at) {
      return false;
    }
    String name = source.substring(at, end);
    int first = name.codePointAt(0);
    if (!PythonCharacter.isIdentifierStart(first)
        || !name.codePoints().allMatch(PythonCharacter::isIdentifierPart)) {
      throw failure("Invalid character in identifier");
    }
    add(TokenKind.NAME, name);
    moveTo(end);
    return true;
  }

  private boolean lexOperator(Deque<Character> open) {
    for (String operator : OPERATORS) {
      if (source.startsWith(operator, at)) {
        balance(operator.charAt(0), open);
        add(TokenKind.OPERATOR, operator);
        moveTo(at + operator.length());
        return true;
      }
    }
    return false;
  }

  private void balance(char c, Deque<Character> open) {
    switch (c) {
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '{' -> open.push('}');
      case ')', ']', '}' -> {
        if (open.isEmpty()) {
          throw failure("unexpected '" + c + "'");
        }
        char expected = open.pop();
        if (expected != c) {
          throw failure("unexpected '" + c + "', expected '" + expected + "'");
        }
      }
      default -> {}
    }
  }

  private void add(TokenKind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void moveTo(int position) {
    for (int i = at; i < position; i++) {
      line += source.charAt(i) == '\n' ? 1 : 0;
    }
    if (position > at) {
      lineStarts = source.charAt(position - 1) == '\n';
    }
    at = position;
  }

  private TemplateException failure(String problem) {
    return new TemplateException(problem, line);
  }
}
