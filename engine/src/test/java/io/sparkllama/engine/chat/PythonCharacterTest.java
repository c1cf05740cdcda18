package io.sparkllama.engine.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.ObjIntConsumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compares every answer for every character with Python's, written by chat_characters.py. */
class PythonCharacterTest {
  private static final int POINTS = Character.MAX_CODE_POINT + 1;

  private record Property(String name, IntPredicate holds) {}

  private record Mapping(
      String name, IntFunction<String> image, ObjIntConsumer<StringBuilder> appender) {}

  private static final List<Property> PROPERTIES =
      List.of(
          new Property("isWhitespace", PythonCharacter::isWhitespace),
          new Property("isLineBreak", PythonCharacter::isLineBreak),
          new Property("isPrintable", PythonCharacter::isPrintable),
          new Property("isAlphabetic", PythonCharacter::isAlphabetic),
          new Property("isDecimal", PythonCharacter::isDecimal),
          new Property("isDigit", PythonCharacter::isDigit),
          new Property("isNumeric", PythonCharacter::isNumeric),
          new Property("isUpper", PythonCharacter::isUpper),
          new Property("isLower", PythonCharacter::isLower),
          new Property("isTitle", PythonCharacter::isTitle),
          new Property("isCaseIgnorable", PythonCharacter::isCaseIgnorable),
          new Property("isIdentifierStart", PythonCharacter::isIdentifierStart),
          new Property("isIdentifierPart", PythonCharacter::isIdentifierPart),
          new Property("isCased", PythonCharacter::isCased),
          new Property("isWord", PythonCharacter::isWord));

  private static final List<Mapping> MAPPINGS =
      List.of(
          new Mapping(
              "toUpper",
              PythonCharacter::toUpper,
              (out, point) -> PythonCharacter.appendUpper(point, out)),
          new Mapping(
              "toLower",
              PythonCharacter::toLower,
              (out, point) -> PythonCharacter.appendLower(point, out)),
          new Mapping(
              "toTitle",
              PythonCharacter::toTitle,
              (out, point) -> PythonCharacter.appendTitle(point, out)),
          new Mapping(
              "toFoldCase",
              PythonCharacter::toFoldCase,
              (out, point) -> PythonCharacter.appendFoldCase(point, out)));

  private static List<String> golden;

  @BeforeAll
  static void readGolden() throws IOException {
    try (InputStream stream =
        PythonCharacterTest.class.getResourceAsStream("/template/characters.txt")) {
      golden =
          new String(stream.readAllBytes(), StandardCharsets.US_ASCII)
              .lines()
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .toList();
    }
  }

  @Test
  void answersForTheSampleAreThoseOfPython() {
    // 28b: isPrintable ... toUpper=a7c5 ... # LATIN SMALL LETTER ...
    Map<Integer, String> expected =
        golden.stream()
            .filter(line -> line.contains("#"))
            .map(line -> line.substring(0, line.indexOf(" #")).split(":", 2))
            .collect(Collectors.toMap(parts -> Integer.parseInt(parts[0], 16), parts -> parts[1]));

    assertThat(expected).hasSizeGreaterThan(300);
    expected.forEach(
        (point, answers) -> assertThat(answersFor(point)).as("U+%04X", point).isEqualTo(answers));
  }

  @Test
  void answersForAllCharactersAreThoseOfPython() {
    List<String> digests = new ArrayList<>();
    PROPERTIES.forEach(property -> digests.add(digestOf(property)));
    MAPPINGS.forEach(mapping -> digests.add(digestOf(mapping)));
    digests.add(digestOfDecimalValues());

    assertThat(digests).isEqualTo(golden.stream().filter(line -> !line.contains("#")).toList());
  }

  @Test
  void appendingGivesTheSameText() {
    for (Mapping mapping : MAPPINGS) {
      StringBuilder expected = new StringBuilder();
      StringBuilder actual = new StringBuilder();
      for (int point = 0; point < POINTS; point++) {
        expected.append(mapping.image.apply(point));
        mapping.appender.accept(actual, point);
      }
      assertThat(actual.compareTo(expected)).as(mapping.name).isZero();
    }
  }

  private static String answersFor(int point) {
    StringBuilder line = new StringBuilder();
    for (Property property : PROPERTIES) {
      if (property.holds.test(point)) {
        line.append(' ').append(property.name);
      }
    }
    if (PythonCharacter.decimalValue(point) >= 0) {
      line.append(" decimalValue=").append(PythonCharacter.decimalValue(point));
    }
    for (Mapping mapping : MAPPINGS) {
      line.append(' ').append(mapping.name).append('=');
      line.append(hexadecimal(mapping.image.apply(point), "."));
    }
    return line.toString();
  }

  private static String digestOf(Property property) {
    StringBuilder answers = new StringBuilder(POINTS);
    int count = 0;
    for (int point = 0; point < POINTS; point++) {
      boolean holds = property.holds.test(point);
      answers.append(holds ? '1' : '0');
      count += holds ? 1 : 0;
    }
    return property.name + " " + count + " " + sha256(answers);
  }

  private static String digestOf(Mapping mapping) {
    StringBuilder changes = new StringBuilder();
    int count = 0;
    for (int point = 0; point < POINTS; point++) {
      String image = mapping.image.apply(point);
      if (!image.equals(Character.toString(point))) {
        changes.append(Integer.toHexString(point)).append(' ');
        changes.append(hexadecimal(image, " ")).append('\n');
        count++;
      }
    }
    return mapping.name + " " + count + " " + sha256(changes);
  }

  private static String digestOfDecimalValues() {
    StringBuilder answers = new StringBuilder(POINTS);
    int count = 0;
    for (int point = 0; point < POINTS; point++) {
      int value = PythonCharacter.decimalValue(point);
      answers.append(value < 0 ? "-" : Integer.toString(value));
      count += value < 0 ? 0 : 1;
    }
    return "decimalValue " + count + " " + sha256(answers);
  }

  private static String hexadecimal(String text, String separator) {
    return text.codePoints().mapToObj(Integer::toHexString).collect(Collectors.joining(separator));
  }

  private static String sha256(CharSequence text) {
    try {
      byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
