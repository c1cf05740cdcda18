package io.sparkllama.engine.constraint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the dialect to {@code java.util.regex}, and its bounds. */
class RegexDialectTest {
  private static final String ALPHABET = "abcdeghtx éж😀щ17.+-{},\"]\n\t\u2028_\u0301Ω";

  @Provide
  static Arbitrary<String> expressions() {
    return RandomRegex.expressions();
  }

  @Property(tries = 400)
  void matchesWhatJavaMatches(@ForAll("expressions") String expression, @ForAll long seed) {
    ByteAutomaton automaton;
    try {
      automaton = compile(expression);
    } catch (InvalidConfigurationException tooLarge) {
      assertThat(tooLarge).hasMessageContaining("no text but the empty one");
      return;
    }
    Pattern pattern = Pattern.compile(expression);
    Random random = new Random(seed);
    for (int i = 0; i < 60; i++) {
      String text = i % 2 == 0 ? randomText(random) : walk(automaton, random);
      assertThat(matches(automaton, text))
          .as("%s on %s", expression, text)
          .isEqualTo(pattern.matcher(text).matches());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\\t\\n\\r\\f\\a\\e",
        "\\x41\\u0042\\x{43}",
        "[\\w-]+",
        "[a\\-c]",
        "[+--]",
        "^ab$",
        "^a|b$",
        "(?<year>\\d{4})-x",
        "a{0}b",
        "(|a)b",
        "[^a-z]",
        "]}",
        "[.^$|*]",
        "\\\\",
        "\\/",
        "a{2,3}?b??",
        "[\\s\\d]{2}",
        "é{2}",
        "😀+",
        "[😀-😂]",
        "\\W\\S\\D"
      })
  void readsWhatJavaReads(String expression) {
    ByteAutomaton automaton = compile(expression);
    Pattern pattern = Pattern.compile(expression);
    Random random = new Random(5);
    for (int i = 0; i < 400; i++) {
      String text = i % 4 == 0 ? randomText(random) : walk(automaton, random);
      assertThat(matches(automaton, text)).as(text).isEqualTo(pattern.matcher(text).matches());
    }
  }

  /** Every character but the line terminators, and no half of one. */
  @Test
  void theDotIsAnyCharacter() {
    ByteAutomaton automaton = compile(".");
    Pattern pattern = Pattern.compile(".");
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if (point < Character.MIN_SURROGATE || point > Character.MAX_SURROGATE) {
        String text = Character.toString(point);
        assertThat(matches(automaton, text)).isEqualTo(pattern.matcher(text).matches());
      }
    }
  }

  /** Lucene's own conversion lets longer forms of characters pass. */
  @ParameterizedTest
  @ValueSource(strings = {".", "[\\x00-\\x{10FFFF}]", "\\S", "[^a]", "[ж-\\x{20000}]"})
  void noBytesPassThatAreNoCharacter(String expression) {
    ByteAutomaton automaton = compile(expression);
    for (int first = 0x80; first < 0x100; first++) {
      assertThat(accepts(automaton, first)).isFalse();
      for (int second = 0; second < 0x100; second++) {
        int two = first;
        int one = second;
        requireNone(automaton, one, two);
        for (int third : new int[] {0x7f, 0x80, 0xbf, 0xc0}) {
          requireNone(automaton, two, one, third);
          requireNone(automaton, two, one, third, 0x80);
          requireNone(automaton, two, one, third, 0xbf);
        }
      }
    }
  }

  private static void requireNone(ByteAutomaton automaton, int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    boolean character = text.codePointCount(0, text.length()) == 1 && text.charAt(0) != 0xfffd;
    if (!character) {
      assertThat(accepts(automaton, values)).isFalse();
    }
  }

  /** By the project's own table, which knows characters that a JDK may not know yet. */
  @ParameterizedTest
  @ValueSource(strings = {"\\p{L}", "\\pM", "[\\p{N}]", "\\p{P}", "\\p{S}", "\\P{L}", "[^\\PN]"})
  void knowsGeneralCategories(String expression) {
    ByteAutomaton automaton = compile(expression);
    Pattern pattern = Pattern.compile(expression);
    int differing = 0;
    int assigned = 0;
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      int type = Character.getType(point);
      if (type != Character.UNASSIGNED && type != Character.SURROGATE) {
        String text = Character.toString(point);
        assigned++;
        differing += matches(automaton, text) == pattern.matcher(text).matches() ? 0 : 1;
      }
    }
    assertThat(assigned).isGreaterThan(200_000);
    assertThat(differing).isLessThan(20); // a few changed category between editions
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "a(?=b)~a group of a kind that is not supported~character 2 of a(?=b)",
        "a(?<!b)~a group of a kind that is not supported~character 2 of",
        "(?i)a~a group of a kind that is not supported~character 1 of",
        "(?>a)~a group of a kind that is not supported~character 1 of",
        "(a)\\1~an escape that is not supported: \\1~character 4 of",
        "é\\ba~an escape that is not supported: \\b~character 2 of",
        "\\Qa\\E~an escape that is not supported: \\Q~character 1 of",
        "a++~a possessive repetition~character 3 of",
        "a**~repeats a repetition~character 3 of",
        "a|*b~repeats nothing~character 3 of",
        "{\"a\"}~a { that repeats nothing~character 1 of",
        "a{x}~lacks a number~character 3 of",
        "a{3,2}~a repetition that is none~character 2 of",
        "a{99999999}~a number that is too large~character 3 of",
        "ab^c~an anchor within~character 3 of",
        "(a$)~an anchor within~character 3 of",
        "(a~a ( without its )~character 1 of",
        "a)~a ) without its (~character 2 of",
        "[ab~a [ without its ]~character 1 of",
        "[]a]~an empty class~character 2 of",
        "[a&&b]~an intersection~character 3 of",
        "[a[b]]~a class within a class~character 3 of",
        "[c-a]~a range that ends before it begins~character 2 of",
        "[\\d-z]~a range of what is not single~character 2 of",
        "\\p{Lu}~a property that is not supported~character 1 of",
        "\\x{110000}~a code point that is none~character 4 of",
        "\\uD83D\\uDE00~half a character~character 1 of",
        "\\xg1~a code point that is none~character 3 of",
        "a\\~ends with a \\~character 2 of"
      })
  void refusesWhatItDoesNotKnowWithThePlace(String expression, String what, String place) {
    assertThatThrownBy(() -> compile(expression))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("The regular expression ")
        .hasMessageContaining(what)
        .hasMessageContaining(place);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "()", "a{0}", "(|)*", "[^\\x{0}-\\x{10FFFF}]b"})
  void refusesWhatHasNoText(String expression) {
    assertThatThrownBy(() -> compile(expression))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("allows no text but the empty one");
  }

  @Timeout(20)
  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a|b)*a(a|b){30}", // 2^31 states
        "((a{1,100}){1,100}){1,100}",
        "(.*a.*){12}b.{20}",
        ".{0,100000}",
        "(.|a.|b..|c...){500}x.{40}",
        "((((a*)*)*)*b){20000}c{0,20000}",
        "(a?){20000}", // 2 * 10^8 transitions
        "\\p{L}{1,30000}"
      })
  void refusesWhatWouldTakeForever(String expression) {
    assertThatThrownBy(() -> compile(expression))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("is too large");
  }

  @Timeout(20)
  @ParameterizedTest
  @ValueSource(
      strings = {
        ".{0,1000}",
        "(a?){100}",
        "\\p{L}{1,100}",
        "([a-z]{1,20} ){1,40}[a-z]{1,20}",
        "\\{\"name\": \"[^\"\\\\\\n]{1,80}\", \"date\": \"20\\d\\d-(0[1-9]|1[0-2])-[0-3]\\d\"\\}",
        "(\\p{L}+ ){0,30}\\.",
        "(.{1,50}\\n){1,10}"
      })
  void takesWhatJobsMayWant(String expression) {
    assertThat(compile(expression).states()).isBetween(100, ConstraintCompiler.MOST_STATES);
  }

  @Test
  void boundsNesting() {
    assertThat(matches(compile("(".repeat(150) + "a" + ")".repeat(150)), "a")).isTrue();
    assertThatThrownBy(() -> compile("(".repeat(100_000) + "a" + ")".repeat(100_000)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("has more than 200 groups within one another");
  }

  @Test
  void choicesAreTheTextsAndNoOthers() {
    ByteAutomaton automaton =
        ConstraintCompiler.compile(
            new AnswerConstraint.Choices(List.of("card", "card lost", "é", "a+b", "card")));
    for (String text : List.of("card", "card lost", "é", "a+b")) {
      assertThat(matches(automaton, text)).isTrue();
    }
    for (String text : List.of("", "car", "card ", "aab", "e", "card lost ")) {
      assertThat(matches(automaton, text)).isFalse();
    }
  }

  @Test
  void refusesChoicesThatAreNone() {
    assertThatThrownBy(
            () -> ConstraintCompiler.compile(new AnswerConstraint.Choices(List.of("a", ""))))
        .hasMessageContaining("not empty: choice 2");
    assertThatThrownBy(
            () -> ConstraintCompiler.compile(new AnswerConstraint.Choices(List.of("\ud83d"))))
        .hasMessageContaining("whole characters");
    assertThatThrownBy(() -> ConstraintCompiler.compile(new AnswerConstraint.Choices(List.of())))
        .hasMessageContaining("allows no text but the empty one: 0 choices");
    assertThatThrownBy(
            () ->
                ConstraintCompiler.compile(
                    new AnswerConstraint.Choices(List.of("x".repeat(100_001)))))
        .hasMessageContaining("too long together");
  }

  private static ByteAutomaton compile(String expression) {
    return ConstraintCompiler.compile(new AnswerConstraint.Regex(expression));
  }

  private static boolean matches(ByteAutomaton automaton, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] values = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      values[i] = bytes[i] & 0xff;
    }
    return accepts(automaton, values);
  }

  private static boolean accepts(ByteAutomaton automaton, int... values) {
    int state = 0;
    for (int i = 0; i < values.length && state != ByteAutomaton.NONE; i++) {
      state = automaton.next(state, values[i]);
    }
    return state != ByteAutomaton.NONE && automaton.accepts(state);
  }

  private static String randomText(Random random) {
    int[] points = ALPHABET.codePoints().toArray();
    StringBuilder text = new StringBuilder();
    for (int length = random.nextInt(8); length > 0; length--) {
      text.appendCodePoint(points[random.nextInt(points.length)]);
    }
    return text.toString();
  }

  /** Returns a text that the automaton accepts, if it comes to an end soon. */
  private static String walk(ByteAutomaton automaton, Random random) {
    byte[] bytes = new byte[40];
    int length = 0;
    int state = 0;
    while (length < bytes.length && !(automaton.accepts(state) && random.nextInt(4) == 0)) {
      int offset = random.nextInt(256);
      int value = 0;
      while (value < 256 && automaton.next(state, value + offset & 0xff) == ByteAutomaton.NONE) {
        value++;
      }
      if (value == 256) {
        break;
      }
      bytes[length++] = (byte) (value + offset);
      state = automaton.next(state, value + offset & 0xff);
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }
}
