package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes text or changes variables: text itself, values, and blocks. */
sealed interface Statement extends TemplateNode
    permits Statement.Text,
        Statement.Output,
        Statement.If,
        Statement.For,
        Statement.Jump,
        Statement.Set,
        Statement.SetBlock,
        Statement.FilterBlock,
        Statement.With,
        Statement.Inner,
        Statement.Macro,
        Statement.CallBlock {

  /** Says how a statement ended. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out);

  /** Executes statements one after the other, until one jumps. */
  static Flow executeAll(
      List<Statement> statements, Rendering rendering, Scope scope, MarkedTextBuilder out) {
    rendering.budget().enter(2);
    Flow flow = Flow.NEXT;
    for (int i = 0; flow == Flow.NEXT && i < statements.size(); i++) {
      rendering.budget().step();
      flow = statements.get(i).execute(rendering, scope, out);
    }
    rendering.budget().leave(2);
    return flow;
  }

  /** Writes the template's own text. */
  record Text(MarkedText text) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      out.append(text);
      return Flow.NEXT;
    }
  }

  /**
   * Writes a value.
   *
   * @param isStrict whether a value that is not there is an error, and not nothing
   */
  record Output(Expression value, boolean isStrict, int line) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      rendering.at(line);
      TemplateValue result = value.evaluate(rendering, scope);
      if (isStrict) {
        Expression.requireThere(value, result);
      }
      out.append(Representation.text(rendering.budget(), result));
      return Flow.NEXT;
    }
  }

  /** Executes the first branch whose condition holds; its variables are those of around. */
  record If(List<Expression> conditions, List<List<Statement>> branches, List<Statement> otherwise)
      implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      for (int i = 0; i < conditions.size(); i++) {
        if (conditions.get(i).evaluate(rendering, scope).truth()) {
          return executeAll(branches.get(i), rendering, scope, out);
        }
      }
      return executeAll(otherwise, rendering, scope, out);
    }
  }

  /** Executes its body for each element of a sequence, in a scope of its own each time. */
  record For(
      Target target,
      Expression items,
      Optional<Expression> condition,
      boolean isRecursive,
      List<Statement> body,
      List<Statement> otherwise,
      int line)
      implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      rendering.at(line);
      TemplateValue value = items.evaluate(rendering, scope);
      loop(rendering, scope, out, value, 0);
      return Flow.NEXT;
    }

    private void loop(
        Rendering rendering, Scope scope, MarkedTextBuilder out, TemplateValue value, int depth) {
      Optional<LoopValue.Recursion> recursion =
          isRecursive
              ? Optional.of((inner, items, deeper) -> recurse(inner, scope, items, deeper))
              : Optional.empty();
      LoopValue loop =
          new LoopValue(rendering.budget(), kept(rendering, scope, value), depth, recursion);
      boolean finished = false; // a turn of the body, to its end
      while (loop.advance()) {
        Scope inner = scope.inner();
        inner.set("loop", loop);
        target.assign(rendering, inner, loop.current());
        Flow flow = executeAll(body, rendering, inner, out);
        finished |= flow == Flow.NEXT;
        if (flow == Flow.BREAK) {
          break;
        }
      }
      // Jinja's else asks for this, and not for whether there were items.
      if (!finished) {
        executeAll(otherwise, rendering, scope.inner(), out);
      }
    }

    private Iterator<TemplateValue> kept(Rendering rendering, Scope scope, TemplateValue value) {
      rendering.at(line);
      Iterator<TemplateValue> all = Iteration.of(rendering, value).iterator();
      if (condition.isEmpty()) {
        return all;
      }
      return new FilteredIterator(all, item -> holds(rendering, scope, item));
    }

    private boolean holds(Rendering rendering, Scope scope, TemplateValue item) {
      Scope inner = scope.inner();
      target.assign(rendering, inner, item);
      return condition.orElseThrow().evaluate(rendering, inner).truth();
    }

    private TemplateValue recurse(
        Rendering rendering, Scope scope, TemplateValue items, int depth) {
      rendering.budget().enter(8);
      MarkedTextBuilder out = rendering.newText();
      loop(rendering, scope, out, items, depth);
      rendering.budget().leave(8);
      return StringValue.of(out.build());
    }
  }

  /** Leaves the innermost loop, or its turn. */
  record Jump(Flow flow) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      return flow;
    }
  }

  /** Sets a variable, several, or a namespace's attribute. */
  record Set(Target target, Expression value, int line) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      rendering.at(line);
      TemplateValue result = value.evaluate(rendering, scope);
      rendering.at(line);
      target.assign(rendering, scope, result);
      return Flow.NEXT;
    }
  }

  /** Sets a variable to what its body writes. */
  record SetBlock(Target target, List<Expression.Filtered> filters, List<Statement> body, int line)
      implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      Scope inner = scope.inner();
      MarkedTextBuilder written = rendering.newText();
      Flow flow = executeAll(body, rendering, inner, written);
      if (flow != Flow.NEXT) {
        return flow; // a jump out of the block leaves the variable as it was
      }
      TemplateValue text = StringValue.of(written.build());
      for (Expression.Filtered filter : filters) {
        text = filter.apply(rendering, inner, text);
      }
      rendering.at(line);
      target.assign(rendering, scope, text);
      return Flow.NEXT;
    }
  }

  /** Writes what filters make of what its body writes. */
  record FilterBlock(List<Expression.Filtered> filters, List<Statement> body) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      Scope inner = scope.inner();
      MarkedTextBuilder written = rendering.newText();
      Flow flow = executeAll(body, rendering, inner, written);
      if (flow != Flow.NEXT) {
        return flow;
      }
      TemplateValue text = StringValue.of(written.build());
      for (Expression.Filtered filter : filters) {
        text = filter.apply(rendering, inner, text);
      }
      if (!(text instanceof StringValue string)) {
        throw new TemplateException(
            "sequence item 0: expected str instance, " + text.typeName() + " found");
      }
      out.append(string.text());
      return Flow.NEXT;
    }
  }

  /** Executes its body with further variables. */
  record With(List<Target> targets, List<Expression> values, List<Statement> body)
      implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      Scope inner = scope.inner();
      List<TemplateValue> results = new ArrayList<>(values.size());
      for (Expression value : values) {
        results.add(value.evaluate(rendering, scope));
      }
      for (int i = 0; i < results.size(); i++) {
        targets.get(i).assign(rendering, inner, results.get(i));
      }
      return executeAll(body, rendering, inner, out);
    }
  }

  /** Executes its body in a scope of its own. */
  record Inner(List<Statement> body) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      return executeAll(body, rendering, scope.inner(), out);
    }
  }

  /**
   * Holds what is called, and how: the parameters and the body of a macro or of a call's block.
   *
   * @param defaults of the last parameters
   * @param uses which of {@code caller}, {@code varargs} and {@code kwargs} the body names
   */
  record Signature(
      List<String> parameters,
      List<Expression> defaults,
      List<Statement> body,
      java.util.Set<String> uses) {

    /** Makes a value that can be called, and sees the variables of a scope. */
    CallableValue bind(Budget budget, String name, Scope scope) {
      budget.elements(24 + 4L * parameters.size());
      boolean explicitCaller = parameters.contains("caller");
      Map<String, TemplateValue> attributes = new LinkedHashMap<>();
      attributes.put("name", name == null ? NoneValue.NONE : StringValue.ofTemplate(name));
      attributes.put(
          "arguments",
          SequenceValue.tuple(
              parameters.stream().<TemplateValue>map(StringValue::ofTemplate).toList()));
      attributes.put("catch_kwargs", BooleanValue.of(uses.contains("kwargs")));
      attributes.put("catch_varargs", BooleanValue.of(uses.contains("varargs")));
      attributes.put("caller", BooleanValue.of(uses.contains("caller") || explicitCaller));
      return new CallableValue(
          "Macro",
          name,
          (rendering, arguments) -> call(rendering, scope, name, arguments),
          attributes);
    }

    private TemplateValue call(Rendering rendering, Scope scope, String name, Arguments arguments) {
      Map<String, TemplateValue> named = new LinkedHashMap<>(arguments.named());
      List<TemplateValue> given = arguments.positional();
      Scope inner = scope.inner();
      rendering.budget().elements(3L * parameters.size());
      boolean[] missing = new boolean[parameters.size()];
      for (int i = 0; i < parameters.size(); i++) {
        String parameter = parameters.get(i);
        TemplateValue value = i < given.size() ? given.get(i) : named.remove(parameter);
        missing[i] = value == null;
        inner.set(
            parameter,
            value == null
                ? new UndefinedValue(
                    () -> "parameter " + Representation.quoted(parameter) + " was not provided")
                : value);
      }
      if (uses.contains("caller") && !parameters.contains("caller")) {
        TemplateValue caller = named.remove("caller");
        inner.set("caller", caller == null ? new UndefinedValue("No caller defined") : caller);
      }
      takeRest(rendering, inner, name, arguments, named);
      int required = parameters.size() - defaults.size();
      for (int i = required; i < parameters.size(); i++) {
        if (missing[i]) {
          inner.set(parameters.get(i), defaults.get(i - required).evaluate(rendering, inner));
        }
      }
      MarkedTextBuilder out = rendering.newText();
      executeAll(body, rendering, inner, out);
      return StringValue.of(out.build());
    }

    private static String quoted(String name) {
      return name == null ? "None" : Representation.quoted(name);
    }

    private void takeRest(
        Rendering rendering,
        Scope inner,
        String name,
        Arguments arguments,
        Map<String, TemplateValue> named) {
      List<TemplateValue> given = arguments.positional();
      if (uses.contains("kwargs")) {
        MapValue rest = new MapValue();
        named.forEach((key, value) -> rest.put(rendering.budget(), arguments.name(key), value));
        inner.set("kwargs", rest);
      } else if (named.containsKey("caller")) {
        throw new TemplateException(
            "macro "
                + quoted(name)
                + " was invoked with two values for the special caller argument. This is most"
                + " likely a bug.");
      } else if (!named.isEmpty()) {
        throw TemplateException.quoting(
            "macro "
                + quoted(name)
                + " takes no keyword argument "
                + Representation.quoted(named.keySet().iterator().next()));
      }
      if (uses.contains("varargs")) {
        int taken = Math.min(parameters.size(), given.size());
        inner.set("varargs", SequenceValue.tuple(given.subList(taken, given.size())));
      } else if (given.size() > parameters.size()) {
        throw new TemplateException(
            "macro " + quoted(name) + " takes not more than " + parameters.size() + " argument(s)");
      }
    }
  }

  /** Names a part of the template that can be called. */
  record Macro(String name, Signature signature) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      scope.set(name, signature.bind(rendering.budget(), name, scope));
      return Flow.NEXT;
    }
  }

  /** Calls a macro that may call the block's body in turn, as {@code caller}. */
  record CallBlock(Expression.Call call, Signature signature) implements Statement {
    @Override
    public Flow execute(Rendering rendering, Scope scope, MarkedTextBuilder out) {
      CallableValue caller = signature.bind(rendering.budget(), null, scope);
      TemplateValue result = call.call(rendering, scope, Map.of("caller", caller));
      out.append(Representation.text(rendering.budget(), result));
      return Flow.NEXT;
    }
  }
}
