package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Knows the functions that every template finds: Jinja's and those of chat models. */
final class TemplateFunctions {
  private static final BigInteger MOST_RANGE = BigInteger.valueOf(100_000);
  private static final Map<String, TemplateValue> FUNCTIONS = new HashMap<>();

  static {
    add("range", TemplateFunctions::range);
    add("dict", TemplateFunctions::map);
    add("namespace", TemplateFunctions::namespace);
    add("cycler", TemplateFunctions::cycler);
    add("joiner", TemplateFunctions::joiner);
    add("raise_exception", TemplateFunctions::raise);
    add("strftime_now", TemplateFunctions::date);
  }

  private TemplateFunctions() {}

  private static void add(String name, CallableValue.Body body) {
    FUNCTIONS.put(name, CallableValue.function(name, body));
  }

  /** Returns a function, or null where there is none of that name. */
  static TemplateValue find(String name) {
    return FUNCTIONS.get(name);
  }

  private static TemplateValue range(Rendering rendering, Arguments arguments) {
    TemplateValue[] bound = arguments.bind("range", 1, "start", "stop", "step");
    BigInteger start = bound[1] == null ? BigInteger.ZERO : NumberValues.integer(bound[0]);
    BigInteger stop = NumberValues.integer(bound[1] == null ? bound[0] : bound[1]);
    BigInteger step = bound[2] == null ? BigInteger.ONE : NumberValues.integer(bound[2]);
    if (step.signum() == 0) {
      throw new TemplateException("range() arg 3 must not be zero");
    }
    BigInteger distance = step.signum() > 0 ? stop.subtract(start) : start.subtract(stop);
    BigInteger count =
        distance.signum() <= 0
            ? BigInteger.ZERO
            : distance.subtract(BigInteger.ONE).divide(step.abs()).add(BigInteger.ONE);
    if (count.compareTo(MOST_RANGE) > 0) {
      throw new TemplateException(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
    }
    return SequenceValue.range(start, stop, step, count.intValue());
  }

  private static MapValue map(Rendering rendering, Arguments arguments) {
    if (arguments.positional().size() > 1) {
      throw new TemplateException(
          "dict expected at most 1 argument, got " + arguments.positional().size());
    }
    Budget budget = rendering.budget();
    MapValue map = new MapValue();
    if (!arguments.positional().isEmpty()) {
      TemplateValue given = arguments.positional().get(0);
      List<TemplateValue> pairs =
          given instanceof MapValue other
              ? MapMethods.items(rendering, other)
              : Iteration.list(rendering, given);
      for (TemplateValue pair : pairs) {
        List<TemplateValue> parts = Unpacking.parts(rendering, pair, 2);
        map.put(budget, parts.get(0), parts.get(1));
      }
    }
    arguments.named().forEach((name, value) -> map.put(budget, arguments.name(name), value));
    return map;
  }

  private static TemplateValue namespace(Rendering rendering, Arguments arguments) {
    rendering.budget().elements(4);
    NamespaceValue namespace = new NamespaceValue();
    for (MapValue.Entry entry : map(rendering, arguments).entries()) {
      if (entry.key() instanceof StringValue name) {
        namespace.set(name, entry.value());
      }
    }
    return namespace;
  }

  private static TemplateValue cycler(Rendering rendering, Arguments arguments) {
    if (arguments.positional().isEmpty()) {
      throw new TemplateException("at least one item has to be provided");
    }
    rendering.budget().elements(4);
    return new CyclerValue(arguments.positional());
  }

  private static TemplateValue joiner(Rendering rendering, Arguments arguments) {
    TemplateValue separator = arguments.bind("joiner", 0, "sep")[0];
    return new JoinerValue(separator == null ? StringValue.ofTemplate(", ") : separator);
  }

  private static TemplateValue raise(Rendering rendering, Arguments arguments) {
    TemplateValue message = arguments.bind("raise_exception", 1, "message")[0];
    MarkedText text = Representation.text(rendering.budget(), message);
    throw TemplateException.raised(text.chars(), text.hasData());
  }

  private static TemplateValue date(Rendering rendering, Arguments arguments) {
    TemplateValue format = arguments.bind("strftime_now", 1, "format")[0];
    if (!(format instanceof StringValue text)) {
      throw new TemplateException("strftime_now takes a string, not " + format.typeName());
    }
    return StringValue.of(new DateText(rendering).format(text.text()));
  }
}
