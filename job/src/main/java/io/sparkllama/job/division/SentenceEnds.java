package io.sparkllama.job.division;

import com.ibm.icu.text.BreakIterator;
import com.ibm.icu.util.ULocale;

/**
 * Walks through the ends of a text's sentences by the rules of Unicode (UAX #29), the same for
 * every language, Java and Spark: the tables are those of the ICU that the job brings along.
 *
 * <p>The white space after a sentence belongs to it, and a line's end ends it. Abbreviations before
 * a capital letter ("Dr. Smith") end one too. Time grows with the text's length, whatever it holds.
 */
final class SentenceEnds {
  private final BreakIterator sentences = BreakIterator.getSentenceInstance(ULocale.ROOT);
  private final int length;

  SentenceEnds(String text) {
    sentences.setText(text);
    length = text.length();
  }

  /** Returns the next end, the text's own in the end, and that again from then on. */
  int next() {
    int end = sentences.next();
    return end == BreakIterator.DONE ? length : end;
  }
}
