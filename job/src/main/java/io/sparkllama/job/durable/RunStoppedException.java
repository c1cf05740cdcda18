package io.sparkllama.job.durable;

/** Says that a run was asked to stop, and has stopped; another run goes on. */
public final class RunStoppedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param reason why it was asked
   * @param cause what the stop made of the work under way; null where there was none
   */
  public RunStoppedException(String reason, Throwable cause) {
    super(
        "The run was stopped by "
            + reason
            + "; rows of batches that were committed stay, the open batch is answered again, and the"
            + " same command, with output.mode = resume, goes on.",
        cause);
  }
}
