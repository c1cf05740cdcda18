package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ReasoningMarks;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MarkedDetokenizerTest {
  /** Knows two control tokens, 8 and 9, and writes all others as their numbers. */
  private static final ModelText TEXT =
      new ModelText() {
        @Override
        public int[] encodeWithBos(Prompt prompt) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Detokenizer detokenizer() {
          return new Detokenizer() {
            @Override
            public String append(int token) {
              return token >= 8 ? "" : Integer.toString(token);
            }

            @Override
            public String finish() {
              return "!";
            }
          };
        }

        @Override
        public Set<Integer> endTokens() {
          return Set.of();
        }

        @Override
        public int vocabularySize() {
          return 12;
        }

        @Override
        public byte[] answerBytes(int token) {
          throw new UnsupportedOperationException();
        }

        @Override
        public OptionalInt specialToken(String text) {
          return switch (text) {
            case "<think>" -> OptionalInt.of(8);
            case "</think>" -> OptionalInt.of(9);
            default -> OptionalInt.empty();
          };
        }
      };

  private static String text(ReasoningMarks marks, int... tokens) {
    MarkedDetokenizer detokenizer = new MarkedDetokenizer(TEXT, marks);
    StringBuilder text = new StringBuilder();
    for (int token : tokens) {
      text.append(detokenizer.append(token));
    }
    return text.append(detokenizer.finish()).toString();
  }

  @Test
  void givesMarksThatAreControlTokensAsText() {
    assertThat(text(new ReasoningMarks("<think>", "</think>"), 8, 1, 2, 9, 10, 3))
        .isEqualTo("<think>12</think>3!");
  }

  @Test
  void leavesOtherControlTokensWithoutText() {
    assertThat(text(new ReasoningMarks("[THINK]", "[/THINK]"), 8, 1, 9)).isEqualTo("1!");
  }
}
