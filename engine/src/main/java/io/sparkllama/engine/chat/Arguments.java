package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;
import java.util.Map;

/**
 * Holds what a call passes: values by position, then values by name.
 *
 * @param names the names that came as keys of a map, as data may have written them; all others are
 *     the template's
 */
record Arguments(
    List<TemplateValue> positional,
    Map<String, TemplateValue> named,
    Map<String, StringValue> names) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Takes names that the template wrote. */
  Arguments(List<TemplateValue> positional, Map<String, TemplateValue> named) {
    this(positional, named, Map.of());
  }

  /** Returns the name of an argument as a string that remembers who wrote it. */
  StringValue name(String name) {
    StringValue given = names.get(name);
    return given == null ? StringValue.ofTemplate(name) : given;
  }

  /** Describes what is wrong with an argument's name. */
  TemplateException failure(String name, String problem) {
    return name(name).text().hasData()
        ? TemplateException.quoting(problem)
        : new TemplateException(problem);
  }

  /**
   * Assigns the arguments to parameters, as Python does.
   *
   * @param function for messages
   * @param required how many of the first parameters must be given
   * @return a value per parameter, null where it was not given
   */
  TemplateValue[] bind(String function, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw new TemplateException(
          function
              + "() takes at most "
              + parameters.length
              + " arguments ("
              + positional.size()
              + " given)");
    }
    TemplateValue[] bound = new TemplateValue[parameters.length];
    for (int i = 0; i < positional.size(); i++) {
      bound[i] = positional.get(i);
    }
    named.forEach(
        (name, value) -> {
          int place = List.of(parameters).indexOf(name);
          if (place < 0) {
            throw failure(name, function + "() got an unexpected keyword argument '" + name + "'");
          }
          if (bound[place] != null) {
            throw failure(name, function + "() got multiple values for argument '" + name + "'");
          }
          bound[place] = value;
        });
    for (int i = 0; i < required; i++) {
      if (bound[i] == null) {
        throw new TemplateException(
            function + "() missing required argument: '" + parameters[i] + "'");
      }
    }
    return bound;
  }

  /** Returns the arguments without the first so many positional ones. */
  Arguments from(int place) {
    return new Arguments(positional.subList(place, positional.size()), named, names);
  }
}
