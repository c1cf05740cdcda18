package io.sparkllama.engine.cli;

import io.sparkllama.engine.SetAsideShare;
import io.sparkllama.engine.api.RowError;
import java.util.Optional;

/**
 * Counts a command's rows that have an error in place of an answer, and ends the command where the
 * engine cannot run too many of them. One thread at a time.
 */
final class FailedRows {
  /** Exit code of a command that is done but has set rows aside. */
  static final int ROWS_SET_ASIDE = 3;

  private long rows;
  private long failed;
  private long setAside;

  /**
   * Counts a row, after it was printed.
   *
   * @throws io.sparkllama.engine.api.EngineFailedException where it is one too many that the engine
   *     cannot run
   */
  void count(Optional<RowError> error) {
    rows++;
    failed += error.isPresent() ? 1 : 0;
    if (error.isEmpty() || !error.get().errorClass().equals(RowError.SET_ASIDE)) {
      return;
    }
    SetAsideShare share = new SetAsideShare(++setAside, rows);
    if (share.isTooLarge()) {
      throw share.failure("of this command", error.get().message());
    }
  }

  int exitCode() {
    return failed == 0 ? 0 : ROWS_SET_ASIDE;
  }
}
