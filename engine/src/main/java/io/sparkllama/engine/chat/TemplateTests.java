package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** Knows the tests by name: all of Jinja's. */
final class TemplateTests {
  private static final Map<String, TemplateTest> TESTS = new HashMap<>();

  static {
    asking("defined", value -> !(value instanceof UndefinedValue));
    asking("undefined", value -> value instanceof UndefinedValue);
    asking("none", value -> value == NoneValue.NONE);
    asking("boolean", value -> value instanceof BooleanValue);
    asking("true", value -> value == BooleanValue.TRUE);
    asking("false", value -> value == BooleanValue.FALSE);
    asking("integer", value -> value instanceof IntegerValue);
    asking("float", value -> value instanceof FloatValue);
    asking("number", NumberValues::isNumber);
    asking("string", value -> value instanceof StringValue);
    asking("mapping", value -> value instanceof MapValue);
    asking("sequence", TemplateTests::isSequence);
    asking("iterable", Iteration::isIterable);
    asking("callable", Attributes::isCallable);
    asking("escaped", value -> value instanceof StringValue string && string.markup());
    asking("filter", value -> value instanceof StringValue name && hasFilter(name));
    asking("test", value -> value instanceof StringValue name && TESTS.containsKey(name.chars()));
    TESTS.put("odd", (rendering, value, given) -> rest(rendering, value, 2, 1));
    TESTS.put("even", (rendering, value, given) -> rest(rendering, value, 2, 0));
    TESTS.put("divisibleby", TemplateTests::isDivisible);
    TESTS.put("lower", (rendering, value, given) -> text(rendering, value).isLower());
    TESTS.put("upper", (rendering, value, given) -> text(rendering, value).isUpper());
    TESTS.put(
        "sameas", (rendering, value, given) -> isSame(value, given.bind("sameas", 1, "other")[0]));
    TESTS.put(
        "in",
        (rendering, value, given) ->
            Comparison.contains(rendering, given.bind("in", 1, "seq")[0], value));
    comparing("==", "eq", "equalto");
    comparing("!=", "ne");
    comparing(">", "gt", "greaterthan");
    comparing(">=", "ge");
    comparing("<", "lt", "lessthan");
    comparing("<=", "le");
  }

  private TemplateTests() {}

  /** Returns a test, or null where there is none of that name. */
  static TemplateTest find(String name) {
    return TESTS.get(name);
  }

  /** Returns a test that a template names while it runs. */
  static TemplateTest require(TemplateValue name) {
    TemplateTest test = name instanceof StringValue text ? find(text.chars()) : null;
    if (test == null) {
      String given = name instanceof StringValue text ? text.chars() : name.typeName();
      throw TemplateException.quoting("No test named " + Representation.quoted(given) + ".");
    }
    return test;
  }

  private static void asking(String name, Predicate<TemplateValue> question) {
    TESTS.put(
        name,
        (rendering, value, arguments) -> {
          arguments.bind(name, 0);
          return question.test(value);
        });
  }

  private static void comparing(String operator, String... names) {
    TemplateTest test =
        (rendering, value, arguments) ->
            compare(rendering.budget(), operator, value, arguments.bind(operator, 1, "other")[0]);
    TESTS.put(operator, test);
    for (String name : names) {
      TESTS.put(name, test);
    }
  }

  /** Tells whether a comparison holds, of equality or of order. */
  static boolean compare(Budget budget, String operator, TemplateValue left, TemplateValue right) {
    return switch (operator) {
      case "==" -> Comparison.equal(budget, left, right);
      case "!=" -> !Comparison.equal(budget, left, right);
      default -> Comparison.holds(budget, operator, left, right);
    };
  }

  private static boolean isSequence(TemplateValue value) {
    return value instanceof StringValue
        || value instanceof MapValue
        || value instanceof UndefinedValue
        || value instanceof SequenceValue sequence && sequence.isSubscriptable();
  }

  private static boolean hasFilter(StringValue name) {
    return TemplateFilters.find(name.chars()) != null;
  }

  private static boolean isSame(TemplateValue value, TemplateValue other) {
    return value == other
        || value instanceof IntegerValue a && other instanceof IntegerValue b && a.equals(b)
        || value instanceof StringValue s && other instanceof StringValue t && s.text() == t.text();
  }

  private static TextCase text(Rendering rendering, TemplateValue value) {
    return new TextCase(rendering, Representation.text(rendering.budget(), value));
  }

  private static boolean rest(Rendering rendering, TemplateValue value, int divisor, int expected) {
    TemplateValue rest = Arithmetic.binary(rendering, "%", value, IntegerValue.of(divisor));
    return Comparison.equal(rendering.budget(), rest, IntegerValue.of(expected));
  }

  private static boolean isDivisible(
      Rendering rendering, TemplateValue value, Arguments arguments) {
    TemplateValue divisor = arguments.bind("divisibleby", 1, "num")[0];
    TemplateValue rest = Arithmetic.binary(rendering, "%", value, divisor);
    return Comparison.equal(rendering.budget(), rest, IntegerValue.ZERO);
  }
}
