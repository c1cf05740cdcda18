package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Compares the table with the JDK's for the characters that both know. */
class CharacterClassTest {
  @Test
  void classesAgreeWithTheJdkWhereItKnowsTheCharacter() {
    int differences = 0;
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      int type = Character.getType(point);
      if (type == Character.UNASSIGNED) {
        continue;
      }
      if (CharacterClass.of(point) != classOf(point, type)) {
        differences++;
      }
    }
    // Between two editions of Unicode the category of a handful of characters is corrected.
    assertThat(differences).isLessThan(20);
  }

  private static int classOf(int point, int type) {
    if (point >= 9 && point <= 13 || point == 0x85) {
      return CharacterClass.WHITESPACE;
    }
    return switch (type) {
      case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> CharacterClass.UPPER;
      case Character.LOWERCASE_LETTER -> CharacterClass.LOWER;
      case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> CharacterClass.CASELESS;
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          CharacterClass.MARK;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          CharacterClass.NUMBER;
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
          CharacterClass.WHITESPACE;
      case Character.CONNECTOR_PUNCTUATION,
          Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION ->
          CharacterClass.PUNCTUATION;
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL ->
          CharacterClass.SYMBOL;
      default -> CharacterClass.OTHER;
    };
  }
}
