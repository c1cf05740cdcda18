package io.sparkllama.engine.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Checks masks and distances against what they mean, on small vocabularies. */
class TokenConstraintTest {
  private static final int END = 0;

  /** A vocabulary of all bytes, some pairs, halves of characters, a token twice and one without. */
  private static final List<byte[]> TOKENS = new ArrayList<>();

  static {
    TOKENS.add(bytes("</s>"));
    for (int value = 0; value < 256; value++) {
      TOKENS.add(new byte[] {(byte) value});
    }
    for (String text :
        List.of(
            "th", "the", " the", "ab", "aba", "17", "é", "é1", "ж", "aa", "aa", "", "  ", "\"")) {
      TOKENS.add(bytes(text));
    }
    TOKENS.add(new byte[] {(byte) 0xf0, (byte) 0x9f}); // half of an emoji
    TOKENS.add(new byte[] {(byte) 0x98, (byte) 0x80, 'a'}); // its rest, and more
  }

  private static final AnswerTokens VOCABULARY = vocabulary(TOKENS);

  @Provide
  static Arbitrary<String> expressions() {
    return RandomRegex.expressions();
  }

  @Property(tries = 200)
  void masksAllowWhatCanBeClosedInTime(@ForAll("expressions") String expression) {
    ByteAutomaton automaton;
    try {
      automaton = ConstraintCompiler.compile(new AnswerConstraint.Regex(expression));
    } catch (InvalidConfigurationException empty) {
      return;
    }
    TokenConstraint constraint =
        TokenConstraint.of(new AnswerConstraint.Regex(expression), VOCABULARY);
    int[] fewest = fewestTokens(automaton);
    assertThat(constraint.fewestTokens()).isEqualTo(automaton.accepts(0) ? 1 : fewest[0]);
    for (int state = 0; state < Math.min(automaton.states(), 60); state++) {
      for (int left : new int[] {1, 2, 3, 5, AnswerPlace.PLENTY}) {
        TokenMask mask = constraint.mask(state, left);
        for (int id = 0; id < TOKENS.size(); id++) {
          int next = next(automaton, state, TOKENS.get(id));
          boolean closes = next != ByteAutomaton.NONE && fewest[next] < left;
          boolean allowed =
              id == END ? automaton.accepts(state) : TOKENS.get(id).length > 0 && closes;
          assertThat(mask.allows(id)).as("token %d, %d left", id, left).isEqualTo(allowed);
        }
        if (left >= constraint.enoughTokens(state)) {
          assertThat(mask.words()).isEqualTo(constraint.mask(state, AnswerPlace.PLENTY).words());
        }
      }
    }
  }

  @Property(tries = 300)
  void everyWalkAlongMasksEndsInTimeWithAMatch(
      @ForAll("expressions") String expression, @ForAll long seed) {
    TokenConstraint constraint;
    try {
      constraint = TokenConstraint.of(new AnswerConstraint.Regex(expression), VOCABULARY);
    } catch (InvalidConfigurationException empty) {
      return;
    }
    Random random = new Random(seed);
    for (int spare = 0; spare < 6; spare++) {
      int most = constraint.fewestTokens() + spare;
      String text = walk(constraint, most, random);
      assertThat(text).matches(java.util.regex.Pattern.compile(expression));
    }
  }

  /** Chooses among the allowed tokens at random; fails where the tokens run out within the text. */
  private static String walk(TokenConstraint constraint, int most, Random random) {
    ConstrainedAnswer answer = constraint.begin(most);
    byte[] text = new byte[0];
    for (int count = 0; count < most; count++) {
      TokenMask mask = answer.place().mask();
      List<Integer> allowed = new ArrayList<>();
      for (int id = 0; id < TOKENS.size(); id++) {
        if (mask.allows(id)) {
          allowed.add(id);
        }
      }
      int id = allowed.get(random.nextInt(allowed.size()));
      if (id == END) {
        return new String(text, StandardCharsets.UTF_8);
      }
      text = java.util.Arrays.copyOf(text, text.length + TOKENS.get(id).length);
      System.arraycopy(
          TOKENS.get(id), 0, text, text.length - TOKENS.get(id).length, TOKENS.get(id).length);
      if (answer.append(id) != ConstrainedAnswer.Progress.GOES_ON) {
        return new String(text, StandardCharsets.UTF_8);
      }
    }
    throw new AssertionError("The tokens ran out within " + text.length + " bytes");
  }

  @Test
  void saysWhyAnAnswerEnds() {
    TokenConstraint constraint =
        TokenConstraint.of(new AnswerConstraint.Regex("ab(aba)?"), VOCABULARY);
    int ab = TOKENS.indexOf(find("ab"));
    int aba = TOKENS.indexOf(find("aba"));
    int the = TOKENS.indexOf(find("the"));
    assertThat(constraint.fewestTokens()).isEqualTo(1);
    assertThat(constraint.begin(2).append(ab)).isEqualTo(ConstrainedAnswer.Progress.GOES_ON);
    assertThat(constraint.begin(1).append(ab)).isEqualTo(ConstrainedAnswer.Progress.OUT_OF_ROOM);
    ConstrainedAnswer whole = constraint.begin(9);
    whole.append(ab);
    assertThat(whole.append(aba)).isEqualTo(ConstrainedAnswer.Progress.COMPLETE);
    assertThatThrownBy(() -> constraint.begin(9).append(the))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("does not allow");
  }

  @Test
  void endTokensAreNoText() {
    TokenMask mask =
        TokenConstraint.of(new AnswerConstraint.Regex(".*"), VOCABULARY)
            .mask(0, AnswerPlace.PLENTY);
    assertThat(mask.allows(END)).isTrue(); // as the end
    assertThat(TokenConstraint.of(new AnswerConstraint.Regex("</s>"), VOCABULARY).fewestTokens())
        .isEqualTo(4); // not as the token of that text
  }

  @Test
  void withoutAnEndTokenAnAnswerThatMayBeEmptyNeedsSomeText() {
    AnswerTokens endless =
        new AnswerTokens(TOKENS.size(), id -> id == END ? new byte[0] : TOKENS.get(id), Set.of());
    TokenConstraint constraint = TokenConstraint.of(new AnswerConstraint.Regex("(xyz)?"), endless);
    assertThat(constraint.fewestTokens()).isEqualTo(3);
  }

  @Test
  void refusesWhatTheVocabularyCannotSay() {
    AnswerTokens letters = vocabulary(List.of(bytes("</s>"), bytes("a"), bytes("bc"), bytes("d")));
    assertThat(TokenConstraint.of(new AnswerConstraint.Regex("a+(bc|bd)"), letters).fewestTokens())
        .isEqualTo(2);
    TokenMask afterA =
        TokenConstraint.of(new AnswerConstraint.Regex("(a|bc|.*z)"), letters).mask(0, 10);
    assertThat(List.of(afterA.allows(1), afterA.allows(2), afterA.allows(3)))
        .containsExactly(true, true, false); // after d only what ends in z would follow
    assertThatThrownBy(() -> TokenConstraint.of(new AnswerConstraint.Regex("a*b"), letters))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("no tokens for any text that the constraint allows");
  }

  /** By the definition: shortest ways over all tokens, in rounds. */
  private static int[] fewestTokens(ByteAutomaton automaton) {
    int[] fewest = new int[automaton.states()];
    for (int state = 0; state < fewest.length; state++) {
      fewest[state] = automaton.accepts(state) ? 0 : ClosingDistances.NEVER;
    }
    for (boolean changed = true; changed; ) {
      changed = false;
      for (int state = 0; state < fewest.length; state++) {
        for (int id = 1; id < TOKENS.size(); id++) {
          int next = TOKENS.get(id).length == 0 ? -1 : next(automaton, state, TOKENS.get(id));
          if (next >= 0
              && fewest[next] != ClosingDistances.NEVER
              && fewest[next] + 1 < fewest[state]) {
            fewest[state] = fewest[next] + 1;
            changed = true;
          }
        }
      }
    }
    return fewest;
  }

  private static int next(ByteAutomaton automaton, int state, byte[] token) {
    int next = state;
    for (int i = 0; i < token.length && next != ByteAutomaton.NONE; i++) {
      next = automaton.next(next, token[i] & 0xff);
    }
    return next;
  }

  private static byte[] find(String text) {
    return TOKENS.stream()
        .filter(token -> java.util.Arrays.equals(token, bytes(text)))
        .findFirst()
        .orElseThrow();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static AnswerTokens vocabulary(List<byte[]> tokens) {
    return new AnswerTokens(tokens.size(), tokens::get, Set.of(END));
  }
}
