package io.sparkllama.job.division;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Compares with UAX #29, whose rule decides each case; bars show where sentences end. */
class SentenceEndsTest {
  @Test
  void sentencesEndAsUnicodeSays() {
    holds("He said \u201cGo.\u201d |Then he went. |"); // SB9, SB10: quotes and spaces go along
    holds("(Go.) |(He did.)|");
    holds("It costs 3.14 euros.|"); // SB6
    holds("The U.S.A. is meant.|"); // SB7, SB8: a small letter follows
    holds("Wait... what is it? |Yes!|"); // SB8
    holds("Well\u2026 perhaps. |No\u2026 Yes.|"); // an ellipsis is no terminator
    holds("etc. and so on, e.g. this.|");
    holds("He met Dr. |Smith.|"); // no dictionary of abbreviations
    holds("One line\n|another\r\n|a third\u2029|\n|end|"); // SB3, SB4
    holds("\u4f60\u597d\u3002|\u6211\u662f\u5b66\u751f\uff01|\u771f\u7684\u5417\uff1f|\u662f|");
    holds("\u0928\u092e\u0938\u094d\u0924\u0947\u0964 |\u0915\u094d\u092f\u093e?|"); // danda
    holds("no end|");
    holds("Really?! |Yes.|");
  }

  private static void holds(String barred) {
    String text = barred.replace("|", "");
    SentenceEnds ends = new SentenceEnds(text);
    StringBuilder found = new StringBuilder();
    List<Integer> seen = new ArrayList<>();
    for (int start = 0; start < text.length(); start = seen.get(seen.size() - 1)) {
      seen.add(ends.next());
      found.append(text, start, seen.get(seen.size() - 1)).append('|');
    }
    assertThat(found.toString()).isEqualTo(barred);
    assertThat(ends.next()).isEqualTo(text.length());
  }
}
