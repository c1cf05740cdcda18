package io.sparkllama.engine.chat;

/** Says how a template treats its end, and what is not there. */
enum TemplateDialect {
  /**
   * As models' templates are written: a line feed at the very end is not part of the text, and what
   * is undefined is printed as nothing.
   */
  CHAT,
  /**
   * As people write prompts: the text is kept to its very end, and a value that is null or
   * undefined is an error where it is printed.
   */
  PROMPT;

  boolean keepsLastLineFeed() {
    return this == PROMPT;
  }

  boolean isStrict() {
    return this == PROMPT;
  }
}
