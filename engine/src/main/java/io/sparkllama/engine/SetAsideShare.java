package io.sparkllama.engine;

import io.sparkllama.engine.api.EngineFailedException;

/**
 * Says how many of an engine's requests were set aside, and when that is too many: a few are a
 * fault of theirs, many one of the engine, the model or the machine. Each costs two restarts, or
 * waits for as many hangs; so work that has no other bound ends then.
 *
 * @param setAside requests that were given up, for each worker that ran them was lost
 * @param finished requests, those set aside included
 */
public record SetAsideShare(long setAside, long finished) {
  /** May be set aside of however few requests. */
  static final long FEW = 20;

  /** Is the share that may be set aside of many: one of so many. */
  static final long ONE_OF = 1000;

  /** Returns what came after an earlier moment. */
  public SetAsideShare since(SetAsideShare earlier) {
    return new SetAsideShare(setAside - earlier.setAside, finished - earlier.finished);
  }

  /** Tells whether more were set aside than 20, and than 0.1% of all. */
  public boolean isTooLarge() {
    return setAside > Math.max(FEW, finished / ONE_OF);
  }

  /**
   * Returns what says so.
   *
   * @param counted says which requests these are, after "those"
   * @param last error of a request that was set aside, with the signal
   */
  public EngineFailedException failure(String counted, String last) {
    return new EngineFailedException(
        "The native engine cannot run too many rows, so that the fault is rather its own, the"
            + " model's or this machine's than theirs; see what the log says of its worker"
            + " processes, and try another machine or build. Set aside were "
            + setAside
            + " of "
            + finished
            + " requests, where "
            + FEW
            + " or 0.1% are allowed; counted are those "
            + counted
            + "; one that was set aside: "
            + last);
  }
}
