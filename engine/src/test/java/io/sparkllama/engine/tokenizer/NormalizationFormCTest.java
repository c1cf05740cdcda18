package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Compares with the JDK's normalizer for the characters that both know. */
class NormalizationFormCTest {
  @Test
  void everyCharacterAloneAndBetweenMarksIsNormalizedAsByTheJdk() {
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if (known(point)) {
        String character = Character.toString(point);
        for (String text : new String[] {character, "e" + character + "\u0323\u0301"}) {
          assertThat(NormalizationFormC.INSTANCE.normalize(text))
              .as("U+%04X", point)
              .isEqualTo(Normalizer.normalize(text, Normalizer.Form.NFC));
        }
      }
    }
  }

  @Test
  void everyDecompositionComesTogetherAgainAsByTheJdk() {
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if (known(point)) {
        String parts = Normalizer.normalize(Character.toString(point), Normalizer.Form.NFD);
        assertThat(NormalizationFormC.INSTANCE.normalize(parts))
            .as("U+%04X", point)
            .isEqualTo(Normalizer.normalize(parts, Normalizer.Form.NFC));
      }
    }
  }

  @Test
  void randomTextsAreNormalizedAsByTheJdk() {
    Random random = new Random(5);
    int[] blocks = {'a', 0xc0, 0x300, 0x320, 0x340, 0x5b0, 0x653, 0x9c7, 0xdca, 0x1100, 0x1161};
    int[] more = {0x11a8, 0x1dc0, 0x1e00, 0x1f70, 0x2126, 0x3099, 0xac00, 0xd7a0, 0xf900, 0x1109a};
    for (int trial = 0; trial < 100_000; trial++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        int[] from = random.nextBoolean() ? blocks : more;
        int point = from[random.nextInt(from.length)] + random.nextInt(40);
        text.appendCodePoint(known(point) ? point : 'x');
      }
      assertThat(NormalizationFormC.INSTANCE.normalize(text.toString()))
          .isEqualTo(Normalizer.normalize(text, Normalizer.Form.NFC));
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void aMillionUnorderedMarksAreSorted() {
    String marks = "\u0301\u0323".repeat(1_000_000);
    String normal = NormalizationFormC.INSTANCE.normalize("q" + marks);
    assertThat(normal).isEqualTo("q" + "\u0323".repeat(1_000_000) + "\u0301".repeat(1_000_000));
  }

  private static boolean known(int point) {
    int type = Character.getType(point);
    return type != Character.UNASSIGNED && type != Character.SURROGATE;
  }
}
