package io.sparkllama.engine.chat;

import java.util.HashMap;
import java.util.Map;

/** Holds the variables of a template, a loop's turn, a macro's call or a block, within others. */
final class Scope {
  private final Scope parent; // null for the outermost
  private final Map<String, TemplateValue> variables;

  /** Makes the outermost scope, of the template's arguments. */
  Scope(Map<String, TemplateValue> arguments) {
    parent = null;
    variables = new HashMap<>(arguments);
  }

  private Scope(Scope parent) {
    this.parent = parent;
    variables = new HashMap<>(4);
  }

  /** Makes a scope within this one: it sees everything here, and what it sets ends with it. */
  Scope inner() {
    return new Scope(this);
  }

  void set(String name, TemplateValue value) {
    variables.put(name, value);
  }

  /** Returns a variable of the nearest scope that has it, or a function, or what is undefined. */
  TemplateValue find(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      TemplateValue value = scope.variables.get(name);
      if (value != null) {
        return value;
      }
    }
    TemplateValue function = TemplateFunctions.find(name);
    return function == null ? UndefinedValue.ofName(name) : function;
  }
}
