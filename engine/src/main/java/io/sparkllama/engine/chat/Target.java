package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.List;

/** Takes what is assigned: a name, a namespace's attribute, or several of these. */
sealed interface Target {
  void assign(Rendering rendering, Scope scope, TemplateValue value);

  /** Sets a variable. */
  record Name(String name) implements Target {
    @Override
    public void assign(Rendering rendering, Scope scope, TemplateValue value) {
      rendering.budget().steps(1 + name.length() / 16);
      scope.set(name, value);
    }
  }

  /** Sets an attribute of a namespace, the one thing that outlives its scope. */
  record NamespaceAttribute(String namespace, String name) implements Target {
    @Override
    public void assign(Rendering rendering, Scope scope, TemplateValue value) {
      if (!(scope.find(namespace) instanceof NamespaceValue found)) {
        throw new TemplateException("cannot assign attribute on non-namespace object");
      }
      rendering.budget().elements(4);
      rendering.budget().scan(name.length());
      found.set(StringValue.ofTemplate(name), value);
    }
  }

  /** Takes a value apart. */
  record Several(List<Target> targets) implements Target {
    @Override
    public void assign(Rendering rendering, Scope scope, TemplateValue value) {
      List<TemplateValue> parts = Unpacking.parts(rendering, value, targets.size());
      for (int i = 0; i < parts.size(); i++) {
        targets.get(i).assign(rendering, scope, parts.get(i));
      }
    }
  }
}
