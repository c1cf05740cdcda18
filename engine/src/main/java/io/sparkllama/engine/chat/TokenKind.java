package io.sparkllama.engine.chat;

/** Says what a token of a template is. */
enum TokenKind {
  /** Text between the constructs. */
  DATA,
  VARIABLE_BEGIN,
  VARIABLE_END,
  BLOCK_BEGIN,
  BLOCK_END,
  NAME,
  STRING,
  INTEGER,
  REAL,
  OPERATOR,
  END
}
