package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes a value: what stands between double braces, and in blocks. */
sealed interface Expression extends TemplateNode {

  /** Returns the value, within the rendering's budget. */
  TemplateValue evaluate(Rendering rendering, Scope scope);

  /** Gives a value that the template writes out. */
  record Literal(TemplateValue value) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      return value;
    }
  }

  /** Gives a variable's value. */
  record Name(String name) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().steps(1 + name.length() / 16);
      return scope.find(name);
    }
  }

  /** Makes a list or a tuple. */
  record ListLiteral(List<Expression> items, SequenceValue.Kind kind) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().elements(items.size());
      return new SequenceValue(kind, evaluateAll(rendering, scope, items));
    }
  }

  /** Makes a map. */
  record MapLiteral(List<Expression> keys, List<Expression> values) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      Budget budget = rendering.budget();
      budget.step();
      budget.enter(1);
      List<TemplateValue> parts = new ArrayList<>(2 * keys.size());
      for (int i = 0; i < keys.size(); i++) {
        parts.add(keys.get(i).evaluate(rendering, scope));
        parts.add(values.get(i).evaluate(rendering, scope));
      }
      MapValue map = new MapValue();
      for (int i = 0; i < parts.size(); i += 2) {
        map.put(budget, parts.get(i), parts.get(i + 1));
      }
      budget.leave(1);
      return map;
    }
  }

  /** Gives what stands behind a dot. */
  record Attribute(Expression object, String name, int line) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().steps(1 + name.length() / 16);
      rendering.budget().enter(1);
      TemplateValue value = object.evaluate(rendering, scope);
      rendering.at(line);
      rendering.budget().leave(1);
      return Attributes.attribute(value, name);
    }
  }

  /** Gives what stands at a key or an index. */
  record Element(Expression object, Expression key, int line) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue value = object.evaluate(rendering, scope);
      TemplateValue at = key.evaluate(rendering, scope);
      rendering.at(line);
      rendering.budget().leave(1);
      return Attributes.element(rendering, value, at);
    }
  }

  /** Gives a part of a sequence; what is left out is {@code none}. */
  record Slice(Expression object, Expression start, Expression stop, Expression step, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue value = object.evaluate(rendering, scope);
      TemplateValue from = start.evaluate(rendering, scope);
      TemplateValue to = stop.evaluate(rendering, scope);
      TemplateValue by = step.evaluate(rendering, scope);
      rendering.at(line);
      rendering.budget().leave(1);
      return Slices.of(rendering, value, from, to, by);
    }
  }

  /** Computes the arguments of a call. */
  record ArgumentList(
      List<Expression> positional,
      Map<String, Expression> named,
      Optional<Expression> morePositional,
      Optional<Expression> moreNamed) {
    static final ArgumentList NONE =
        new ArgumentList(List.of(), Map.of(), Optional.empty(), Optional.empty());

    Arguments evaluate(Rendering rendering, Scope scope) {
      if (this == NONE) {
        return Arguments.NONE;
      }
      rendering.budget().elements(positional.size() + 3L * named.size());
      List<TemplateValue> values = evaluateAll(rendering, scope, positional);
      Map<String, TemplateValue> byName = new LinkedHashMap<>();
      named.forEach((name, value) -> byName.put(name, value.evaluate(rendering, scope)));
      if (morePositional.isPresent()) {
        TemplateValue more = morePositional.get().evaluate(rendering, scope);
        List<TemplateValue> items = Iteration.list(rendering, more);
        rendering.budget().elements(items.size());
        values.addAll(items);
      }
      if (moreNamed.isEmpty()) {
        return new Arguments(values, byName);
      }
      Map<String, StringValue> names = new HashMap<>();
      addNamed(rendering, moreNamed.get().evaluate(rendering, scope), byName, names);
      return new Arguments(values, byName, names);
    }

    private static void addNamed(
        Rendering rendering,
        TemplateValue more,
        Map<String, TemplateValue> byName,
        Map<String, StringValue> names) {
      if (!(more instanceof MapValue map)) {
        throw new TemplateException("argument after ** must be a mapping, not " + more.typeName());
      }
      rendering.budget().elements(6L * map.size());
      for (MapValue.Entry entry : map.entries()) {
        if (!(entry.key() instanceof StringValue name)) {
          throw new TemplateException("keywords must be strings");
        }
        if (byName.put(name.chars(), entry.value()) != null) {
          throw TemplateException.quoting(
              "got multiple values for keyword argument '" + name.chars() + "'");
        }
        names.put(name.chars(), StringValue.of(name.text()));
      }
    }
  }

  /** Calls a function, a method or a macro. */
  record Call(Expression called, ArgumentList arguments, int line) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      return call(rendering, scope, Map.of());
    }

    /** Calls with further named arguments. */
    TemplateValue call(Rendering rendering, Scope scope, Map<String, TemplateValue> more) {
      rendering.budget().step();
      rendering.budget().enter(2);
      TemplateValue value = called.evaluate(rendering, scope);
      Arguments given = arguments.evaluate(rendering, scope);
      if (!more.isEmpty()) {
        Map<String, TemplateValue> named = new LinkedHashMap<>(given.named());
        named.putAll(more);
        given = new Arguments(given.positional(), named, given.names());
      }
      rendering.at(line);
      TemplateValue result = Attributes.call(rendering, value, given);
      rendering.budget().leave(2);
      return result;
    }
  }

  /** Applies a filter. */
  record Filtered(
      Expression value, String name, Optional<Filter> filter, ArgumentList arguments, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().enter(2);
      TemplateValue result = apply(rendering, scope, value.evaluate(rendering, scope));
      rendering.budget().leave(2);
      return result;
    }

    /** Applies the filter to a value that is there already. */
    TemplateValue apply(Rendering rendering, Scope scope, TemplateValue given) {
      rendering.budget().step();
      Arguments evaluated = arguments.evaluate(rendering, scope);
      rendering.at(line);
      Filter known = filter.orElseThrow(() -> unknown("filter", name));
      return known.apply(rendering, given, evaluated);
    }
  }

  /** Asks a question about a value. */
  record Tested(
      Expression value, String name, Optional<TemplateTest> test, ArgumentList arguments, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(2);
      TemplateValue given = value.evaluate(rendering, scope);
      Arguments evaluated = arguments.evaluate(rendering, scope);
      rendering.at(line);
      TemplateTest known = test.orElseThrow(() -> unknown("test", name));
      TemplateValue answer = BooleanValue.of(known.holds(rendering, given, evaluated));
      rendering.budget().leave(2);
      return answer;
    }
  }

  /** Negates a number, or leaves it as it is. */
  record Signed(Expression value, boolean negates, int line) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue number = value.evaluate(rendering, scope);
      rendering.at(line);
      rendering.budget().leave(1);
      return negates
          ? Arithmetic.negative(rendering.budget(), number)
          : Arithmetic.positive(number);
    }
  }

  /** Tells the opposite of a value's truth. */
  record Not(Expression value) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue opposite = BooleanValue.of(!value.evaluate(rendering, scope).truth());
      rendering.budget().leave(1);
      return opposite;
    }
  }

  /** Gives the left value where it decides already, and the right one otherwise. */
  record Logical(Expression left, Expression right, boolean isAnd) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue value = left.evaluate(rendering, scope);
      TemplateValue result = value.truth() == isAnd ? right.evaluate(rendering, scope) : value;
      rendering.budget().leave(1);
      return result;
    }
  }

  /** Computes with two values. */
  record Binary(String operator, Expression left, Expression right, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue a = left.evaluate(rendering, scope);
      TemplateValue b = right.evaluate(rendering, scope);
      rendering.at(line);
      rendering.budget().leave(1);
      return Arithmetic.binary(rendering, operator, a, b);
    }
  }

  /**
   * Joins values as text.
   *
   * @param isStrict whether a value that is not there is an error, and not a text
   */
  record Concatenation(List<Expression> parts, boolean isStrict) implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      MarkedTextBuilder out = rendering.newText();
      for (Expression part : parts) {
        TemplateValue value = part.evaluate(rendering, scope);
        if (isStrict) {
          requireThere(part, value);
        }
        out.append(Representation.text(rendering.budget(), value));
      }
      rendering.budget().leave(1);
      return StringValue.of(out.build());
    }
  }

  /** Compares values one after the other, until one comparison does not hold. */
  record Compared(Expression first, List<String> operators, List<Expression> others, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue left = first.evaluate(rendering, scope);
      boolean holds = true;
      for (int i = 0; holds && i < others.size(); i++) {
        TemplateValue right = others.get(i).evaluate(rendering, scope);
        rendering.at(line);
        holds = holds(rendering, operators.get(i), left, right);
        left = right;
      }
      rendering.budget().leave(1);
      return BooleanValue.of(holds);
    }

    private static boolean holds(
        Rendering rendering, String operator, TemplateValue left, TemplateValue right) {
      return switch (operator) {
        case "in" -> Comparison.contains(rendering, right, left);
        case "not in" -> !Comparison.contains(rendering, right, left);
        default -> TemplateTests.compare(rendering.budget(), operator, left, right);
      };
    }
  }

  /** Gives one of two values; without the second one, what is undefined. */
  record Conditional(
      Expression condition, Expression then, Optional<Expression> otherwise, int line)
      implements Expression {
    @Override
    public TemplateValue evaluate(Rendering rendering, Scope scope) {
      rendering.budget().step();
      rendering.budget().enter(1);
      TemplateValue value;
      if (condition.evaluate(rendering, scope).truth()) {
        value = then.evaluate(rendering, scope);
      } else if (otherwise.isPresent()) {
        value = otherwise.get().evaluate(rendering, scope);
      } else {
        value =
            new UndefinedValue(
                () ->
                    "the inline if-expression on line "
                        + line
                        + " evaluated to false and no else section was defined.");
      }
      rendering.budget().leave(1);
      return value;
    }
  }

  /**
   * Refuses a value that is null or undefined.
   *
   * @param expression that gave it, for the message
   */
  static void requireThere(Expression expression, TemplateValue value) {
    if (value instanceof UndefinedValue undefined && !(expression instanceof Conditional)) {
      throw undefined.failure(); // of {{ x if y }} nothing is meant to be left where y is false
    }
    if (value == NoneValue.NONE) {
      String name = path(expression);
      throw TemplateException.nullValue(
          "A value that the prompt needs is null; give another one by default(…, true), or leave it"
              + " out by {% if %}: "
              + (name.isEmpty() ? "the value of an expression" : name));
    }
  }

  /** Returns a variable with what stands behind its dots, or nothing for other expressions. */
  private static String path(Expression expression) {
    if (expression instanceof Name name) {
      return name.name();
    }
    if (expression instanceof Attribute attribute) {
      String object = path(attribute.object());
      return object.isEmpty() ? "" : object + "." + attribute.name();
    }
    return "";
  }

  private static List<TemplateValue> evaluateAll(
      Rendering rendering, Scope scope, List<Expression> expressions) {
    rendering.budget().enter(1);
    List<TemplateValue> values = new ArrayList<>(expressions.size());
    for (Expression expression : expressions) {
      values.add(expression.evaluate(rendering, scope));
    }
    rendering.budget().leave(1);
    return values;
  }

  private static TemplateException unknown(String what, String name) {
    return new TemplateException(
        "No " + what + " named " + Representation.quoted(name) + " found.");
  }
}
