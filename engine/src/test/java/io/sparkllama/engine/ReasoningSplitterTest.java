package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.ReasoningMarks;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReasoningSplitterTest {
  private static final ReasoningMarks MARKS = new ReasoningMarks("<think>", "</think>");

  private record Parts(String text, Optional<String> reasoning) {}

  /** Gives an answer in pieces of a length. */
  private static Parts split(String answer, boolean begun, int length) {
    ReasoningSplitter splitter = new ReasoningSplitter(MARKS, begun);
    StringBuilder text = new StringBuilder();
    for (int at = 0; at < answer.length(); at += length) {
      text.append(splitter.append(answer.substring(at, Math.min(answer.length(), at + length))));
    }
    return new Parts(text.append(splitter.finish()).toString(), splitter.reasoning());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 100})
  void partsThoughtsFromTheAnswerWhereverPiecesEnd(int length) {
    Parts parts =
        split("\n<think>\nA < b, so <b>.\n</think>\n\nThe answer </think> stays.", false, length);
    assertThat(parts.reasoning()).contains("A < b, so <b>.");
    assertThat(parts.text()).isEqualTo("The answer </think> stays.");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 100})
  void takesThoughtsThatThePromptBegan(int length) {
    Parts parts = split("So it is.</think>Yes.", true, length);
    assertThat(parts.reasoning()).contains("So it is.");
    assertThat(parts.text()).isEqualTo("Yes.");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 100})
  void leavesAnAnswerWithoutThoughtsAsItIs(int length) {
    for (String answer :
        new String[] {"", " Yes.\n", "<thin air>", "<thi", "Yes <think>no</think>"}) {
      assertThat(split(answer, false, length)).isEqualTo(new Parts(answer, Optional.empty()));
    }
  }

  @Test
  void thoughtsThatDoNotEndLeaveNoAnswer() {
    assertThat(split("<think>And then </thi", false, 2))
        .isEqualTo(new Parts("", Optional.of("And then </thi")));
  }
}
