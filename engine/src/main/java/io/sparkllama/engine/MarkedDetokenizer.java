package io.sparkllama.engine;

import io.sparkllama.engine.api.ReasoningMarks;
import java.util.OptionalInt;

/** Gives the marks of a model's thoughts as text, where they are special tokens without any. */
final class MarkedDetokenizer implements ModelText.Detokenizer {
  private final ModelText.Detokenizer detokenizer;
  private final ReasoningMarks marks;
  private final OptionalInt beginToken;
  private final OptionalInt endToken;

  MarkedDetokenizer(ModelText text, ReasoningMarks marks) {
    this.detokenizer = text.detokenizer();
    this.marks = marks;
    this.beginToken = text.specialToken(marks.begin());
    this.endToken = text.specialToken(marks.end());
  }

  @Override
  public String append(int token) {
    String piece = detokenizer.append(token);
    if (!piece.isEmpty()) {
      return piece;
    }
    return is(beginToken, token) ? marks.begin() : is(endToken, token) ? marks.end() : "";
  }

  @Override
  public String finish() {
    return detokenizer.finish();
  }

  private static boolean is(OptionalInt mark, int token) {
    return mark.isPresent() && mark.getAsInt() == token;
  }
}
