package io.sparkllama.engine;

import io.sparkllama.engine.api.ReasoningMarks;
import java.util.Optional;

/**
 * Parts an answer, piece by piece, into what the model thought and what it says. A mark may lie
 * across pieces; white space around the thoughts belongs to neither.
 */
final class ReasoningSplitter {
  private enum Stage {
    /** The answer may still turn out to begin with the mark. */
    BEGINNING,
    THINKING,
    /** The thoughts have ended; white space before the answer is left out. */
    BETWEEN,
    ANSWERING
  }

  private final ReasoningMarks marks;
  private final StringBuilder held = new StringBuilder(); // not given away yet, or thought
  private Stage stage;
  private Optional<String> reasoning = Optional.empty();

  /**
   * Makes a splitter for one answer.
   *
   * @param begun whether the prompt ends with the begin mark, so that the answer begins with
   *     thoughts
   */
  ReasoningSplitter(ReasoningMarks marks, boolean begun) {
    this.marks = marks;
    this.stage = begun ? Stage.THINKING : Stage.BEGINNING;
  }

  /** Takes the next piece, and returns what of it, and of pieces held back, is answer. */
  String append(String piece) {
    if (stage == Stage.ANSWERING) {
      return piece;
    }
    held.append(piece);
    if (stage == Stage.BEGINNING) {
      begin();
    }
    if (stage == Stage.THINKING) {
      think(piece.length());
    }
    return stage == Stage.BETWEEN || stage == Stage.ANSWERING ? answer() : "";
  }

  /** Ends the answer, and returns what was held back of it. */
  String finish() {
    String rest = "";
    if (stage == Stage.THINKING) {
      reasoning = Optional.of(held.toString().strip());
    } else if (stage == Stage.BEGINNING) {
      rest = held.toString();
    }
    held.setLength(0);
    stage = Stage.ANSWERING;
    return rest;
  }

  /** Returns what the model thought, once the thoughts or the answer have ended. */
  Optional<String> reasoning() {
    return reasoning;
  }

  private void begin() {
    String text = held.toString().stripLeading();
    if (text.startsWith(marks.begin())) {
      held.setLength(0);
      held.append(text, marks.begin().length(), text.length());
      stage = Stage.THINKING;
    } else if (!marks.begin().startsWith(text)) {
      stage = Stage.ANSWERING;
    }
  }

  private void think(int fresh) {
    int from = Math.max(0, held.length() - fresh - marks.end().length());
    int end = held.indexOf(marks.end(), from);
    if (end >= 0) {
      reasoning = Optional.of(held.substring(0, end).strip());
      held.delete(0, end + marks.end().length());
      stage = Stage.BETWEEN;
    }
  }

  private String answer() {
    String text = held.toString();
    if (stage == Stage.BETWEEN) {
      text = text.stripLeading();
    }
    held.setLength(0);
    if (!text.isEmpty()) {
      stage = Stage.ANSWERING;
    }
    return text;
  }
}
