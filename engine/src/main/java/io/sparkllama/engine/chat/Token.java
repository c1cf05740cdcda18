package io.sparkllama.engine.chat;

/**
 * Holds a piece of a template.
 *
 * @param text as it stands, but of strings what they mean, and of numbers only the digits
 * @param line from 1
 */
record Token(TokenKind kind, String text, int line) {
  boolean isOperator(String operator) {
    return kind == TokenKind.OPERATOR && text.equals(operator);
  }

  boolean isName(String name) {
    return kind == TokenKind.NAME && text.equals(name);
  }

  /** Describes the token for a message. */
  String description() {
    return switch (kind) {
      case DATA -> "template data / text";
      case VARIABLE_BEGIN -> "begin of print statement";
      case VARIABLE_END -> "end of print statement";
      case BLOCK_BEGIN -> "begin of statement block";
      case BLOCK_END -> "end of statement block";
      case STRING -> "string";
      case END -> "end of template";
      case NAME, INTEGER, REAL, OPERATOR -> text;
    };
  }
}
