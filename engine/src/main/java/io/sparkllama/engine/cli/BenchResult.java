package io.sparkllama.engine.cli;

/**
 * Holds what one batch took.
 *
 * @param batch prompts at once
 * @param prefill work and time until each prompt has its first token
 * @param decode work and time of steps in which all sequences decode, or of all further tokens
 * @param residentBytes of this process and its worker afterwards, mapped weights included
 */
public record BenchResult(int batch, Phase prefill, Phase decode, long residentBytes) {
  /**
   * Counts the work of a phase.
   *
   * @param computedTokens tokens that ran through the layers
   * @param sampledTokens positions whose logits were computed
   * @param steps calls of the runner
   */
  public record Phase(long computedTokens, long sampledTokens, long steps, double seconds) {
    Phase minus(Phase other) {
      return new Phase(
          computedTokens - other.computedTokens,
          sampledTokens - other.sampledTokens,
          steps - other.steps,
          seconds - other.seconds);
    }
  }
}
