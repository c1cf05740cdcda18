package io.sparkllama.engine.chat;

/** Answers a question about a value: what stands behind {@code is}. */
interface TemplateTest {
  boolean holds(Rendering rendering, TemplateValue value, Arguments arguments);
}
