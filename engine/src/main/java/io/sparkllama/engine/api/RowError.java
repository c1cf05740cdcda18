package io.sparkllama.engine.api;

/**
 * Says why a row has no answer.
 *
 * @param errorClass a stable name that a job can group by, such as {@code prompt-too-long}
 * @param message what was wrong and what to do; never text of the row
 */
public record RowError(String errorClass, String message) {
  /** The prompt leaves no room in the context. */
  public static final String PROMPT_TOO_LONG = "prompt-too-long";

  /** A column that the prompt needs is null. */
  public static final String NULL_INPUT = "null-input";

  /**
   * The text cannot be tokenized (a lone surrogate, or a character that the vocabulary cannot
   * express).
   */
  public static final String INVALID_TEXT = "invalid-text";

  /** The template refuses the row, or fails at it. */
  public static final String TEMPLATE = "template";

  /** No text that the constraint allows fits the tokens that the answer may have. */
  public static final String CONSTRAINT_DOES_NOT_FIT = "constraint-does-not-fit";

  /** The model gave logits that are not numbers. */
  public static final String NAN_LOGITS = "nan-logits";

  /** The row names an adapter that the engine has not. */
  public static final String UNKNOWN_ADAPTER = "unknown-adapter";

  /** The sequence needs more KV cache than the engine has. */
  public static final String KV_CACHE_TOO_SMALL = "kv-cache-too-small";

  /** The native engine ended or hung whenever it ran the row, in a process of its own. */
  public static final String SET_ASIDE = "set-aside";
}
