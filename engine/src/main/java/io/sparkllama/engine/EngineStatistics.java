package io.sparkllama.engine;

/**
 * Counts what an engine has done since it was opened, as of its last step.
 *
 * @param finishedRequests requests that the loop has answered; those refused before are not counted
 * @param promptTokens tokens of all prompts taken
 * @param computedTokens tokens that ran through the model, replays included
 * @param decodedTokens of these, those of answers that ran in the step after they were sampled
 * @param cachedTokens tokens that did not, replays included, for the prefix cache had their keys
 *     and values
 * @param sampledTokens tokens generated
 * @param steps calls of the runner
 * @param preemptions times that a sequence gave up its KV blocks and was computed again
 * @param running sequences that hold KV blocks
 * @param waiting sequences that wait for blocks
 */
public record EngineStatistics(
    long finishedRequests,
    long promptTokens,
    long computedTokens,
    long decodedTokens,
    long cachedTokens,
    long sampledTokens,
    long steps,
    long preemptions,
    int running,
    int waiting,
    Losses losses,
    Occupancy occupancy,
    StepTimes times) {

  /** Is what an engine has done that has done nothing, or that there is not. */
  public static final EngineStatistics NONE =
      new EngineStatistics(
          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Losses.NONE, Occupancy.NONE, StepTimes.NONE);

  /** Returns how many of the finished requests were set aside. */
  public SetAsideShare setAside() {
    return new SetAsideShare(losses.rowsSetAside(), finishedRequests);
  }
}
