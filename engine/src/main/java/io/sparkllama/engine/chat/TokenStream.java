package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;

/** Goes through the tokens of a template, with a look ahead. */
final class TokenStream {
  private final List<Token> tokens; // the last one is the end
  private int at;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  Token following() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  /** Returns the current token and goes to the next one. */
  Token next() {
    Token token = current();
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  boolean isOperator(String operator) {
    return current().isOperator(operator);
  }

  boolean isName(String name) {
    return current().isName(name);
  }

  boolean is(TokenKind kind) {
    return current().kind() == kind;
  }

  boolean skipOperator(String operator) {
    if (!isOperator(operator)) {
      return false;
    }
    next();
    return true;
  }

  boolean skipName(String name) {
    if (!isName(name)) {
      return false;
    }
    next();
    return true;
  }

  Token expectOperator(String operator) {
    if (!isOperator(operator)) {
      throw unexpected(operator);
    }
    return next();
  }

  Token expectName(String name) {
    if (!isName(name)) {
      throw unexpected(name);
    }
    return next();
  }

  Token expect(TokenKind kind) {
    if (!is(kind)) {
      throw unexpected(kind == TokenKind.NAME ? "name" : new Token(kind, "", 0).description());
    }
    return next();
  }

  TemplateException failure(String problem) {
    return new TemplateException(problem, current().line());
  }

  private TemplateException unexpected(String expected) {
    return is(TokenKind.END)
        ? failure("unexpected end of template, expected '" + expected + "'.")
        : failure("expected token '" + expected + "', got '" + current().description() + "'");
  }
}
