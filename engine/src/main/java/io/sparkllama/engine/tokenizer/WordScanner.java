package io.sparkllama.engine.tokenizer;

/**
 * Cuts a segment of text into words. A scanner looks at nothing outside its segment and takes time
 * linear in the segment's length.
 */
interface WordScanner {
  /**
   * Adds the end of every word of {@code [from, to)} to {@code ends}, in ascending order; the last
   * is {@code to}. The segment is not empty.
   */
  void scan(CodePointText text, int from, int to, IntList ends);
}
