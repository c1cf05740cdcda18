package io.sparkllama.engine.chat;

import io.sparkllama.engine.chat.Expression.ArgumentList;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Parses expressions, by Jinja's order of precedence. */
final class ExpressionParser {
  private static final Set<String> ORDER = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> CHAINED = Set.of("else", "or", "and");
  private static final Expression NONE = new Expression.Literal(NoneValue.NONE);

  private final ParserState state;
  private final TokenStream tokens;

  ExpressionParser(ParserState state) {
    this.state = state;
    this.tokens = state.tokens();
  }

  /** Parses a whole expression. */
  Expression parse() {
    state.enter();
    boolean soft = state.isSoft();
    Expression value = parseOr();
    while (tokens.isName("if")) {
      int line = tokens.next().line();
      state.setSoft(true);
      Expression condition = parseOr();
      Optional<Expression> otherwise =
          tokens.skipName("else") ? Optional.of(parse()) : Optional.empty();
      value = new Expression.Conditional(condition, value, otherwise, line);
    }
    state.setSoft(soft);
    state.leave();
    return value;
  }

  /** Parses expressions with commas between as a tuple, or just one. */
  Expression parseTuple() {
    return parseTuple(this::parse, "");
  }

  /**
   * Parses as {@link #parseTuple()}, but leaves an {@code if} to what follows.
   *
   * @param end a name that may follow a comma without being part of the tuple; empty for none
   */
  Expression parseTupleWithoutCondition(String end) {
    return parseTuple(this::parseOr, end);
  }

  private Expression parseTuple(Supplier<Expression> item, String end) {
    List<Expression> items = new ArrayList<>();
    boolean tuple = false;
    while (!isTupleEnd(end)) {
      items.add(item.get());
      if (!tokens.skipOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (!tuple && items.size() == 1) {
      return items.get(0);
    }
    if (items.isEmpty() && !end.equals(")")) {
      throw state.failure("Expected an expression, got '" + tokens.current().description() + "'");
    }
    return new Expression.ListLiteral(items, SequenceValue.Kind.TUPLE);
  }

  private boolean isTupleEnd(String end) {
    return tokens.is(TokenKind.VARIABLE_END)
        || tokens.is(TokenKind.BLOCK_END)
        || tokens.isOperator(")")
        || tokens.isName(end);
  }

  private Expression parseOr() {
    Expression left = parseAnd();
    while (tokens.skipName("or")) {
      left = new Expression.Logical(left, parseAnd(), /* isAnd= */ false);
    }
    return left;
  }

  private Expression parseAnd() {
    Expression left = parseNot();
    while (tokens.skipName("and")) {
      left = new Expression.Logical(left, parseNot(), /* isAnd= */ true);
    }
    return left;
  }

  private Expression parseNot() {
    if (!tokens.skipName("not")) {
      return parseComparison();
    }
    state.enter();
    Expression value = new Expression.Not(parseNot());
    state.leave();
    return value;
  }

  private Expression parseComparison() {
    int line = tokens.current().line();
    Expression first = parseSum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    while (true) {
      if (tokens.is(TokenKind.OPERATOR) && ORDER.contains(tokens.current().text())) {
        operators.add(tokens.next().text());
      } else if (tokens.skipName("in")) {
        operators.add("in");
      } else if (tokens.isName("not") && tokens.following().isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        break;
      }
      others.add(parseSum());
    }
    return operators.isEmpty() ? first : new Expression.Compared(first, operators, others, line);
  }

  private Expression parseSum() {
    Expression left = parseConcatenation();
    while (tokens.isOperator("+") || tokens.isOperator("-")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, parseConcatenation(), operator.line());
    }
    return left;
  }

  private Expression parseConcatenation() {
    Expression first = parseProduct();
    if (!tokens.isOperator("~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (tokens.skipOperator("~")) {
      parts.add(parseProduct());
    }
    return new Expression.Concatenation(parts, state.isStrict());
  }

  private Expression parseProduct() {
    Expression left = parsePower();
    while (tokens.isOperator("*")
        || tokens.isOperator("/")
        || tokens.isOperator("//")
        || tokens.isOperator("%")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, parsePower(), operator.line());
    }
    return left;
  }

  private Expression parsePower() {
    Expression left = parseUnary(true);
    while (tokens.isOperator("**")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, parseUnary(true), operator.line());
    }
    return left;
  }

  private Expression parseUnary(boolean withFilters) {
    Expression value;
    if (tokens.isOperator("-") || tokens.isOperator("+")) {
      Token sign = tokens.next();
      state.enter();
      value = new Expression.Signed(parseUnary(false), sign.isOperator("-"), sign.line());
      state.leave();
    } else {
      value = parsePrimary();
    }
    value = parsePostfix(value);
    return withFilters ? parseFilters(value) : value;
  }

  /** Parses a name, a literal, or what stands in brackets. */
  Expression parsePrimary() {
    Token token = tokens.current();
    switch (token.kind()) {
      case NAME -> {
        tokens.next();
        return named(token.text());
      }
      case STRING -> {
        StringBuilder text = new StringBuilder();
        while (tokens.is(TokenKind.STRING)) {
          text.append(tokens.next().text());
        }
        return new Expression.Literal(StringValue.ofTemplate(text.toString()));
      }
      case INTEGER -> {
        tokens.next();
        return new Expression.Literal(integer(token));
      }
      case REAL -> {
        tokens.next();
        return new Expression.Literal(new FloatValue(Double.parseDouble(token.text())));
      }
      case OPERATOR -> {
        return parseBrackets(token);
      }
      default -> throw state.failure("unexpected '" + token.description() + "'");
    }
  }

  private Expression named(String name) {
    return switch (name) {
      case "true", "True" -> new Expression.Literal(BooleanValue.TRUE);
      case "false", "False" -> new Expression.Literal(BooleanValue.FALSE);
      case "none", "None" -> NONE;
      default -> {
        state.reads(name);
        yield new Expression.Name(name);
      }
    };
  }

  private IntegerValue integer(Token token) {
    String text = token.text();
    int radix = 10;
    if (text.length() > 1) {
      radix =
          switch (text.charAt(1)) {
            case 'b', 'B' -> 2;
            case 'o', 'O' -> 8;
            case 'x', 'X' -> 16;
            default -> 10;
          };
    }
    if (text.length() > 4300) {
      throw state.failure("a whole number has more than 4300 digits");
    }
    return new IntegerValue(new BigInteger(radix == 10 ? text : text.substring(2), radix));
  }

  private Expression parseBrackets(Token token) {
    state.enter();
    Expression value =
        switch (token.text()) {
          case "(" -> {
            tokens.next();
            Expression inner = parseTuple(this::parse, ")");
            tokens.expectOperator(")");
            yield inner;
          }
          case "[" -> parseList();
          case "{" -> parseMap();
          default -> throw state.failure("unexpected '" + token.text() + "'");
        };
    state.leave();
    return value;
  }

  private Expression parseList() {
    tokens.next();
    List<Expression> items = new ArrayList<>();
    while (!tokens.isOperator("]")) {
      items.add(parse());
      if (!tokens.isOperator("]")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return new Expression.ListLiteral(items, SequenceValue.Kind.LIST);
  }

  private Expression parseMap() {
    tokens.next();
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.isOperator("}")) {
      keys.add(parse());
      tokens.expectOperator(":");
      values.add(parse());
      if (!tokens.isOperator("}")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    return new Expression.MapLiteral(keys, values);
  }

  private Expression parsePostfix(Expression first) {
    Expression value = first;
    while (true) {
      if (tokens.isOperator(".")) {
        value = parseAttribute(value);
      } else if (tokens.isOperator("[")) {
        value = parseElement(value);
      } else if (tokens.isOperator("(")) {
        value = parseCall(value);
      } else {
        return value;
      }
    }
  }

  private Expression parseFilters(Expression first) {
    Expression value = first;
    while (true) {
      if (tokens.isOperator("|")) {
        tokens.next();
        value = parseFilter(value);
      } else if (tokens.isName("is")) {
        value = parseTest(value);
      } else if (tokens.isOperator("(")) {
        value = parseCall(value);
      } else {
        return value;
      }
    }
  }

  private Expression parseAttribute(Expression object) {
    int line = tokens.next().line();
    Token name = tokens.next();
    if (name.kind() == TokenKind.NAME) {
      return new Expression.Attribute(object, name.text(), line);
    }
    if (name.kind() != TokenKind.INTEGER) {
      throw state.failure("expected name or number");
    }
    return new Expression.Element(object, new Expression.Literal(integer(name)), line);
  }

  private Expression parseElement(Expression object) {
    int line = tokens.next().line();
    state.enter();
    List<Expression> keys = new ArrayList<>();
    Expression value = null;
    while (!tokens.isOperator("]")) {
      if (tokens.isOperator(":")) {
        value = parseSlice(object, NONE, line);
      } else {
        Expression key = parse();
        if (tokens.isOperator(":")) {
          value = parseSlice(object, key, line);
        } else {
          keys.add(key);
        }
      }
      if (!tokens.isOperator("]")) {
        tokens.expectOperator(",");
      }
      if (value != null && (!keys.isEmpty() || !tokens.isOperator("]"))) {
        throw state.failure("a slice stands alone in its brackets");
      }
    }
    tokens.next();
    state.leave();
    if (value != null) {
      return value;
    }
    Expression key =
        keys.size() == 1 ? keys.get(0) : new Expression.ListLiteral(keys, SequenceValue.Kind.TUPLE);
    return new Expression.Element(object, key, line);
  }

  private Expression parseSlice(Expression object, Expression start, int line) {
    tokens.expectOperator(":");
    Expression stop = endsPart() ? NONE : parse();
    Expression step = NONE;
    if (tokens.skipOperator(":")) {
      step = endsPart() ? NONE : parse();
    }
    return new Expression.Slice(object, start, stop, step, line);
  }

  private boolean endsPart() {
    return tokens.isOperator(":") || tokens.isOperator("]") || tokens.isOperator(",");
  }

  Expression.Call parseCall(Expression called) {
    int line = tokens.current().line();
    return new Expression.Call(called, parseArguments(), line);
  }

  private ArgumentList parseArguments() {
    tokens.expectOperator("(");
    state.enter();
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    Optional<Expression> more = Optional.empty();
    Optional<Expression> moreNamed = Optional.empty();
    while (!tokens.isOperator(")")) {
      boolean plain = more.isEmpty() && moreNamed.isEmpty();
      if (tokens.isOperator("*")) {
        require(plain);
        tokens.next();
        more = Optional.of(parse());
      } else if (tokens.isOperator("**")) {
        require(moreNamed.isEmpty());
        tokens.next();
        moreNamed = Optional.of(parse());
      } else if (tokens.is(TokenKind.NAME) && tokens.following().isOperator("=")) {
        require(moreNamed.isEmpty());
        String name = tokens.next().text();
        tokens.next();
        if (named.put(name, parse()) != null) {
          throw state.failure("keyword argument repeated: " + name);
        }
      } else {
        require(plain && named.isEmpty());
        positional.add(parse());
      }
      if (!tokens.isOperator(")")) {
        tokens.expectOperator(",");
      }
    }
    tokens.next();
    state.leave();
    return new ArgumentList(positional, named, more, moreNamed);
  }

  private void require(boolean valid) {
    if (!valid) {
      throw state.failure("invalid syntax for function call expression");
    }
  }

  /** Parses a filter after its {@code |}. */
  Expression.Filtered parseFilter(Expression value) {
    int line = tokens.current().line();
    String name = dottedName();
    ArgumentList arguments = tokens.isOperator("(") ? parseArguments() : ArgumentList.NONE;
    Optional<Filter> filter = Optional.ofNullable(TemplateFilters.find(name));
    if (filter.isEmpty() && !state.isSoft()) {
      throw state.failure("No filter named " + Representation.quoted(name) + ".");
    }
    return new Expression.Filtered(value, name, filter, arguments, line);
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(tokens.expect(TokenKind.NAME).text());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expect(TokenKind.NAME).text());
    }
    return name.toString();
  }

  private Expression parseTest(Expression value) {
    int line = tokens.next().line();
    boolean negated = tokens.skipName("not");
    String name = dottedName();
    ArgumentList arguments = ArgumentList.NONE;
    if (tokens.isOperator("(")) {
      arguments = parseArguments();
    } else if (beginsArgument()) {
      if (tokens.isName("is")) {
        throw state.failure("You cannot chain multiple tests with is");
      }
      Expression argument = parsePostfix(parsePrimary());
      arguments = new ArgumentList(List.of(argument), Map.of(), Optional.empty(), Optional.empty());
    }
    Optional<TemplateTest> test = Optional.ofNullable(TemplateTests.find(name));
    if (test.isEmpty() && !state.isSoft()) {
      throw state.failure("No test named " + Representation.quoted(name) + ".");
    }
    Expression tested = new Expression.Tested(value, name, test, arguments, line);
    return negated ? new Expression.Not(tested) : tested;
  }

  private boolean beginsArgument() {
    return switch (tokens.current().kind()) {
      case NAME -> !CHAINED.contains(tokens.current().text());
      case STRING, INTEGER, REAL -> true;
      case OPERATOR -> tokens.isOperator("[") || tokens.isOperator("{");
      default -> false;
    };
  }
}
