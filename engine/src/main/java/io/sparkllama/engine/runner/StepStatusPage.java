package io.sparkllama.engine.runner;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the page on which a worker process says how far its step is: {@code runner/step_status.h}
 * writes it. The page is there when the process has gone.
 */
final class StepStatusPage {
  static final int BYTES = 4096;

  private static final int FIRST_ROW = 2;

  /** Names the parts of a step. The order is that of native code. */
  private enum Phase {
    IDLE("no step under way"),
    CHECKING("its checks"),
    FORWARD("the layers"),
    SAMPLING("sampling");

    private final String words;

    Phase(String words) {
      this.words = words;
    }
  }

  private final ByteBuffer page;

  /**
   * @param page int32 [1024]: step, phase, then for each thread 1 more than the row that it is at
   */
  StepStatusPage(ByteBuffer page) {
    this.page = page.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the rows of logits that threads were at. */
  List<Integer> rows() {
    List<Integer> rows = new ArrayList<>();
    if (phase() == Phase.SAMPLING) {
      for (int i = FIRST_ROW; i < BYTES / Integer.BYTES; i++) {
        int row = page.getInt(i * Integer.BYTES) - 1;
        if (row >= 0) {
          rows.add(row);
        }
      }
    }
    return rows;
  }

  /** Says how far the step was. */
  String description() {
    return phase() == Phase.IDLE
        ? Phase.IDLE.words
        : "step " + page.getInt(0) + ", " + phase().words;
  }

  /** Takes any number for idle that is no phase: a fault may have written it. */
  private Phase phase() {
    int phase = page.getInt(Integer.BYTES);
    return phase > 0 && phase < Phase.values().length ? Phase.values()[phase] : Phase.IDLE;
  }
}
