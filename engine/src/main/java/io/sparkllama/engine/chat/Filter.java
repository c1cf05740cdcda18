package io.sparkllama.engine.chat;

/** Makes a value of another one: what stands behind {@code |}. */
interface Filter {
  TemplateValue apply(Rendering rendering, TemplateValue value, Arguments arguments);
}
