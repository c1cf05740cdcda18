package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses templates: text, values, and the blocks that chat templates use. */
final class TemplateParser {
  private static final Set<String> OTHER_FILES =
      Set.of("include", "import", "from", "extends", "block");

  private final ParserState state;
  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private int loops; // that a jump could leave

  private TemplateParser(ParserState state) {
    this.state = state;
    this.tokens = state.tokens();
    this.expressions = new ExpressionParser(state);
  }

  /**
   * Holds a parsed template.
   *
   * @param names the variables that it reads anywhere, in the order of first use
   * @param assigned the variables that it sets anywhere
   */
  record Parsed(List<Statement> statements, Set<String> names, Set<String> assigned) {}

  /**
   * Parses a template.
   *
   * @throws TemplateException says what is wrong, and in which line
   */
  static Parsed parse(String text, TemplateDialect dialect) {
    TokenStream tokens = new TokenStream(TemplateLexer.tokens(text, dialect));
    ParserState state = new ParserState(tokens, dialect);
    List<Statement> statements = new TemplateParser(state).parseUntil(Set.of());
    return new Parsed(statements, state.names(), state.assigned());
  }

  /** Parses up to the name of a block that ends this part, or to the end without any. */
  private List<Statement> parseUntil(Set<String> ends) {
    state.enter();
    List<Statement> statements = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      switch (token.kind()) {
        case DATA -> {
          tokens.next();
          statements.add(new Statement.Text(MarkedText.ofTemplate(token.text())));
        }
        case VARIABLE_BEGIN -> {
          tokens.next();
          statements.add(output(expressions.parseTuple(), token.line()));
          tokens.expect(TokenKind.VARIABLE_END);
        }
        case BLOCK_BEGIN -> {
          tokens.next();
          if (tokens.is(TokenKind.NAME) && ends.contains(tokens.current().text())) {
            state.leave();
            return statements;
          }
          statements.addAll(parseStatement(ends));
          tokens.expect(TokenKind.BLOCK_END);
        }
        default -> {
          if (!ends.isEmpty()) {
            throw state.failure(
                "Unexpected end of template. Jinja was looking for the following tags: "
                    + tags(ends)
                    + ".");
          }
          state.leave();
          return statements;
        }
      }
    }
  }

  private static String tags(Set<String> names) {
    return String.join(" or ", names.stream().sorted().map(Representation::quoted).toList());
  }

  /** Parses the body of a block, past the end of the tag that it begins with. */
  private List<Statement> parseBody(String... ends) {
    tokens.skipOperator(":");
    tokens.expect(TokenKind.BLOCK_END);
    return parseUntil(Set.of(ends));
  }

  private List<Statement> parseLastBody(String end) {
    List<Statement> body = parseBody(end);
    tokens.next();
    return body;
  }

  private List<Statement> parseStatement(Set<String> ends) {
    if (!tokens.is(TokenKind.NAME)) {
      throw state.failure("tag name expected");
    }
    Token tag = tokens.next();
    return switch (tag.text()) {
      case "if" -> List.of(parseIf());
      case "for" -> List.of(parseFor(tag.line()));
      case "set" -> List.of(parseSet(tag.line()));
      case "with" -> List.of(parseWith());
      case "macro" -> List.of(parseMacro());
      case "call" -> List.of(parseCall());
      case "filter" -> List.of(parseFilter());
      case "print" -> parsePrint(tag.line());
      case "generation" -> List.of(new Statement.Inner(parseOwnLoops("endgeneration")));
      case "break" -> List.of(parseJump(Statement.Flow.BREAK));
      case "continue" -> List.of(parseJump(Statement.Flow.CONTINUE));
      case "autoescape" -> List.of(parseAutoescape());
      default -> throw unknown(tag.text(), ends);
    };
  }

  private TemplateException unknown(String tag, Set<String> ends) {
    if (OTHER_FILES.contains(tag)) {
      return state.failure(
          "{% " + tag + " %} does not run here: a template is one text, without others");
    }
    return state.failure(
        "Encountered unknown tag "
            + Representation.quoted(tag)
            + "."
            + (ends.isEmpty()
                ? ""
                : " Jinja was looking for the following tags: " + tags(ends) + "."));
  }

  private Statement parseIf() {
    boolean soft = state.setSoft(true);
    List<Expression> conditions = new ArrayList<>();
    List<List<Statement>> branches = new ArrayList<>();
    List<Statement> otherwise = List.of();
    while (true) {
      conditions.add(expressions.parseTupleWithoutCondition(""));
      branches.add(parseBody("elif", "else", "endif"));
      Token end = tokens.next();
      if (end.text().equals("elif")) {
        continue;
      }
      if (end.text().equals("else")) {
        otherwise = parseLastBody("endif");
      }
      state.setSoft(soft);
      return new Statement.If(conditions, branches, otherwise);
    }
  }

  private Statement parseFor(int line) {
    Target target = parseTarget("in", false);
    tokens.expectName("in");
    Expression items = expressions.parseTupleWithoutCondition("recursive");
    boolean soft = state.setSoft(false);
    Optional<Expression> condition =
        tokens.skipName("if") ? Optional.of(expressions.parse()) : Optional.empty();
    boolean recursive = tokens.skipName("recursive");
    loops++;
    state.assigns("loop");
    List<Statement> body = parseBody("endfor", "else");
    loops--;
    List<Statement> otherwise =
        tokens.next().text().equals("else") ? parseLastBody("endfor") : List.of();
    state.setSoft(soft);
    return new Statement.For(target, items, condition, recursive, body, otherwise, line);
  }

  private Statement parseSet(int line) {
    Target target = parseTarget("", true);
    if (tokens.skipOperator("=")) {
      return new Statement.Set(target, expressions.parseTuple(), line);
    }
    List<Expression.Filtered> filters = new ArrayList<>();
    while (tokens.skipOperator("|")) {
      filters.add(expressions.parseFilter(new Expression.Literal(NoneValue.NONE)));
    }
    return new Statement.SetBlock(target, filters, parseScoped("endset"), line);
  }

  private List<Statement> parseScoped(String end) {
    boolean soft = state.setSoft(false);
    List<Statement> body = parseLastBody(end);
    state.setSoft(soft);
    return body;
  }

  /** Parses a body that no jump leaves. */
  private List<Statement> parseOwnLoops(String end) {
    int outer = loops;
    loops = 0;
    List<Statement> body = parseScoped(end);
    loops = outer;
    return body;
  }

  private Statement parseWith() {
    List<Target> targets = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.is(TokenKind.BLOCK_END)) {
      if (!targets.isEmpty()) {
        tokens.expectOperator(",");
      }
      targets.add(parseTarget("", false));
      tokens.expectOperator("=");
      values.add(expressions.parse());
    }
    return new Statement.With(targets, values, parseScoped("endwith"));
  }

  private Statement parseMacro() {
    String name = variable();
    return new Statement.Macro(name, parseSignature("endmacro", () -> {}));
  }

  private Statement parseCall() {
    Expression[] call = new Expression[1];
    int line = tokens.current().line();
    Statement.Signature signature = parseSignature("endcall", () -> call[0] = expressions.parse());
    if (!(call[0] instanceof Expression.Call called)) {
      throw new TemplateException("expected call", line);
    }
    return new Statement.CallBlock(called, signature);
  }

  /**
   * Parses parameters and a body.
   *
   * @param between parses what stands between the two
   */
  private Statement.Signature parseSignature(String end, Runnable between) {
    List<String> parameters = new ArrayList<>();
    List<Expression> defaults = new ArrayList<>();
    if (end.equals("endmacro") || tokens.isOperator("(")) {
      tokens.expectOperator("(");
      while (!tokens.isOperator(")")) {
        if (!parameters.isEmpty()) {
          tokens.expectOperator(",");
        }
        parameters.add(variable());
        if (tokens.skipOperator("=")) {
          defaults.add(expressions.parse());
        } else if (!defaults.isEmpty()) {
          throw state.failure("non-default argument follows default argument");
        }
      }
      tokens.next();
    }
    between.run();
    state.beginMacro();
    List<Statement> body = parseOwnLoops(end);
    return new Statement.Signature(parameters, defaults, body, state.endMacro());
  }

  private Statement parseFilter() {
    List<Expression.Filtered> filters = new ArrayList<>();
    do {
      filters.add(expressions.parseFilter(new Expression.Literal(NoneValue.NONE)));
    } while (tokens.skipOperator("|"));
    return new Statement.FilterBlock(filters, parseScoped("endfilter"));
  }

  private List<Statement> parsePrint(int line) {
    List<Statement> outputs = new ArrayList<>();
    while (!tokens.is(TokenKind.BLOCK_END)) {
      if (!outputs.isEmpty()) {
        tokens.expectOperator(",");
      }
      outputs.add(output(expressions.parse(), line));
    }
    return outputs;
  }

  private Statement output(Expression value, int line) {
    return new Statement.Output(value, state.isStrict(), line);
  }

  private Statement parseJump(Statement.Flow flow) {
    if (loops == 0) {
      throw state.failure("'break' and 'continue' stand only in loops");
    }
    return new Statement.Jump(flow);
  }

  private Statement parseAutoescape() {
    if (!(expressions.parse() instanceof Expression.Literal literal) || literal.value().truth()) {
      throw state.failure("{% autoescape %} does not run here: prompts are no HTML");
    }
    return new Statement.Inner(parseLastBody("endautoescape"));
  }

  /** Parses what is assigned to: names, with commas between or in parentheses. */
  private Target parseTarget(String end, boolean withNamespace) {
    List<Target> targets = new ArrayList<>();
    boolean several = false;
    while (true) {
      targets.add(parseSingleTarget(withNamespace));
      if (!tokens.skipOperator(",")) {
        break;
      }
      several = true;
      if (tokens.isName(end)
          || tokens.isOperator(")")
          || tokens.isOperator("=")
          || tokens.is(TokenKind.BLOCK_END)) {
        break;
      }
    }
    return several ? new Target.Several(targets) : targets.get(0);
  }

  private Target parseSingleTarget(boolean withNamespace) {
    if (tokens.skipOperator("(")) {
      state.enter();
      Target inner = parseTarget(")", withNamespace);
      tokens.expectOperator(")");
      state.leave();
      return inner;
    }
    String name = variable();
    if (withNamespace && tokens.skipOperator(".")) {
      state.reads(name);
      return new Target.NamespaceAttribute(name, tokens.expect(TokenKind.NAME).text());
    }
    return new Target.Name(name);
  }

  private String variable() {
    String name = tokens.expect(TokenKind.NAME).text();
    if (Set.of("true", "false", "none", "True", "False", "None").contains(name)) {
      throw state.failure("can't assign to '" + name + "'");
    }
    state.assigns(name);
    return name;
  }
}
