package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.concurrent.TimeUnit;

/**
 * Bounds what one rendering may take: steps, characters, depth and time.
 *
 * <p>Templates come with untrusted models, and documents are long: so the room is a fixed base, far
 * above what templates need and gone in well under a second, and a multiple of what was given to
 * the template. Steps, characters and depth end a rendering at the same place on every machine;
 * time is there for what these do not see.
 */
final class Budget {
  /** Deep enough for any template that people write, and safe on a thread with half a megabyte. */
  static final int MOST_DEPTH = 400;

  private static final long BASE_STEPS = 3_000_000;
  private static final long BASE_CHARACTERS = 6_000_000;
  private static final long STEPS_PER_CHARACTER = 32;
  private static final long CHARACTERS_PER_CHARACTER = 64;
  private static final long MOST_NANOSECONDS = TimeUnit.SECONDS.toNanos(30);
  private static final int STEPS_BETWEEN_LOOKS = 1 << 14;

  private final long deadline = System.nanoTime() + MOST_NANOSECONDS;
  private long steps;
  private long characters;
  private long nextLook;
  private int depth;

  /**
   * Makes room for one rendering.
   *
   * @param givenCharacters the size of the arguments, lists and maps counted as characters too
   */
  Budget(long givenCharacters) {
    steps = BASE_STEPS + STEPS_PER_CHARACTER * givenCharacters;
    characters = BASE_CHARACTERS + CHARACTERS_PER_CHARACTER * givenCharacters;
    nextLook = steps - STEPS_BETWEEN_LOOKS;
  }

  /** Makes room for what callers give: it is theirs to bound. */
  static Budget unbounded() {
    return new Budget(1L << 50);
  }

  /** Takes one step: an expression, a turn of a loop, a comparison. */
  void step() {
    steps(1);
  }

  /** Takes the steps of work that is done at once, such as a search through so many characters. */
  void steps(long count) {
    steps -= count;
    if (steps < nextLook) {
      if (steps < 0) {
        throw new TemplateException(
            "the template takes too many steps; it may loop, or do too much for each message");
      }
      nextLook = steps - STEPS_BETWEEN_LOOKS;
      if (System.nanoTime() > deadline) {
        throw new TemplateException("the template takes too long");
      }
    }
  }

  /** Takes the steps of going once through so many characters of text, or elements of a list. */
  void scan(long count) {
    steps(count / 16);
  }

  /** Takes the memory of so many characters of text, before it is used. */
  void characters(long count) {
    characters -= count;
    if (characters < 0 || count < 0) {
      throw new TemplateException(
          "the template makes too much text; it may repeat or pad something without end");
    }
  }

  /** Takes the memory of so many elements of lists or maps, before it is used. */
  void elements(long count) {
    steps(count / 4);
    characters(16 * count);
  }

  /** Goes so many levels deeper, until {@link #leave} with as many. */
  void enter(int levels) {
    if (depth + levels > MOST_DEPTH) {
      throw new TemplateException(
          "the template nests too deep; a macro, a loop or a value may contain itself");
    }
    depth += levels;
  }

  void leave(int levels) {
    depth -= levels;
  }
}
