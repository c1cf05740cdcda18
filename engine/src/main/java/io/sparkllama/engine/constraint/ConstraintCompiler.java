package io.sparkllama.engine.constraint;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.automaton.Automata;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.TooComplexToDeterminizeException;

/**
 * Makes a constraint's automaton over bytes, within bounds: an expression may ask for exponentially
 * many states, and is refused before they are made.
 */
final class ConstraintCompiler {
  /** States of an automaton over bytes; a mask may have to be made for each. */
  static final int MOST_STATES = 32_768;

  /** The size of an expression, as {@link RegexNode#size} counts it. */
  private static final double MOST_PARTS = 100_000;

  /** Bytes of all choices together. */
  private static final int MOST_BYTES = 100_000;

  /** What making it deterministic may cost, in Lucene's unit: well below a second. */
  private static final int MOST_WORK = 100_000;

  private ConstraintCompiler() {}

  /**
   * Makes an automaton that accepts some text, and some text that is not empty.
   *
   * @throws InvalidConfigurationException where the constraint cannot be met or is too large
   */
  static ByteAutomaton compile(AnswerConstraint constraint) {
    if (constraint instanceof AnswerConstraint.Regex regex) {
      return regex(regex.expression());
    }
    return choices(((AnswerConstraint.Choices) constraint).texts());
  }

  private static ByteAutomaton regex(String expression) {
    RegexNode node = RegexParser.parse(expression);
    if (node.size() > MOST_PARTS) {
      throw tooLarge("The regular expression", expression);
    }
    try {
      Automaton characters = deterministic(node.automaton());
      Automaton bytes =
          Utf8Automaton.of(characters, MOST_STATES)
              .orElseThrow(() -> tooLarge("The regular expression", expression));
      return requireText(bytes, "The regular expression", expression);
    } catch (TooComplexToDeterminizeException e) {
      InvalidConfigurationException refusal = tooLarge("The regular expression", expression);
      refusal.addSuppressed(e);
      throw refusal;
    }
  }

  private static ByteAutomaton choices(List<String> texts) {
    List<Automaton> each = new ArrayList<>();
    long bytes = 0;
    for (String text : texts) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      if (text.isEmpty() || !new String(utf8, StandardCharsets.UTF_8).equals(text)) {
        throw new InvalidConfigurationException(
            "A choice must be a text of whole characters that is not empty: choice "
                + (each.size() + 1)
                + ": "
                + text);
      }
      bytes += utf8.length;
      if (bytes > MOST_BYTES) {
        throw new InvalidConfigurationException(
            "The choices are too long together: shorten them, or take fewer: " + texts.size());
      }
      each.add(Automata.makeBinary(new BytesRef(utf8)));
    }
    String count = texts.size() + " choices";
    Automaton union = deterministic(Operations.union(each));
    if (union.getNumStates() > MOST_STATES) {
      throw new InvalidConfigurationException(
          "The choices are too long together: shorten them, or take fewer: " + texts.size());
    }
    return requireText(union, "The constraint", count);
  }

  private static Automaton deterministic(Automaton automaton) {
    return Operations.removeDeadStates(Operations.determinize(automaton, MOST_WORK));
  }

  private static ByteAutomaton requireText(Automaton automaton, String what, String value) {
    if (automaton.getNumStates() == 0 || automaton.getNumTransitions() == 0) {
      throw new InvalidConfigurationException(what + " allows no text but the empty one: " + value);
    }
    return ByteAutomaton.of(automaton);
  }

  private static InvalidConfigurationException tooLarge(String what, String value) {
    return new InvalidConfigurationException(
        what
            + " is too large: its automaton would have more than "
            + MOST_STATES
            + " states, or take too long to make. Lower its counts ({n,m} multiplies what it"
            + " repeats), or take alternatives apart: "
            + value);
  }
}
