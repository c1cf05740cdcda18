package io.sparkllama.job.durable;

/** Says that a run was asked to stop, and has stopped; another run takes its place. */
public final class RunStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private RunStoppedException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Says it where it is not known what that means for the output.
   *
   * @param reason why it was asked
   */
  static RunStoppedException of(String reason) {
    return new RunStoppedException("The run was stopped by " + reason + ".", null);
  }

  /**
   * Says it of a run whose output is written in batches.
   *
   * @param reason why it was asked
   * @param cause what the stop made of the work under way
   */
  public static RunStoppedException inBatches(String reason, Throwable cause) {
    return new RunStoppedException(
        "The run was stopped by "
            + reason
            + "; rows of batches that were committed stay, the open batch is answered again, and the"
            + " same command, with output.mode = resume, goes on.",
        cause);
  }

  /**
   * Says it of a run whose output is written in one action, with which no other run goes on.
   *
   * @param reason why it was asked
   * @param cause what the stop made of the work under way
   */
  public static RunStoppedException inOneAction(String reason, Throwable cause) {
    return new RunStoppedException(
        "The run was stopped by "
            + reason
            + "; its output has no batches to go on with, so that the next run begins anew, with"
            + " output.mode = overwrite where something of it is there already.",
        cause);
  }
}
