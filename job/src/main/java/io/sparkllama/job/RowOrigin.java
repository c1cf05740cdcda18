package io.sparkllama.job;

/** Says which rows a run takes, beside those that an earlier one has taken and not answered. */
enum RowOrigin {
  /** Those of the input that no run has taken. */
  INPUT,

  /** Those that the engine could not run: the input is not looked at. */
  DEAD_LETTERS
}
