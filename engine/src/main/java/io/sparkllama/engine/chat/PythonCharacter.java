package io.sparkllama.engine.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Answers for one character what CPython 3.11's {@code str} answers, by the project's own table of
 * Unicode 14, so that a prompt does not depend on the JDK.
 *
 * <p>A character is a code point from 0 to 0x10FFFF, lone surrogates included; other numbers have
 * no defined answer. ASCII is looked up directly, the rest by a binary search. Safe for any thread.
 */
final class PythonCharacter {
  // The bits of a kind, as scripts/chat_characters.py writes them.
  private static final int WHITESPACE = 1;
  private static final int LINE_BREAK = 1 << 1;
  private static final int PRINTABLE = 1 << 2;
  private static final int ALPHABETIC = 1 << 3;
  private static final int DECIMAL = 1 << 4;
  private static final int DIGIT = 1 << 5;
  private static final int NUMERIC = 1 << 6;
  private static final int UPPER = 1 << 7;
  private static final int LOWER = 1 << 8;
  private static final int TITLE = 1 << 9;
  private static final int CASE_IGNORABLE = 1 << 10;
  private static final int IDENTIFIER_START = 1 << 11;
  private static final int IDENTIFIER_PART = 1 << 12;

  private static final int ASCII = 0x80;
  private static final Table TABLE = Table.load();

  private PythonCharacter() {}

  /** {@code str.isspace}: what {@code strip} and {@code split} take away, and {@code \s}. */
  static boolean isWhitespace(int codePoint) {
    return is(codePoint, WHITESPACE);
  }

  /** Where {@code str.splitlines} breaks; that {@code \r\n} is one break is the caller's to see. */
  static boolean isLineBreak(int codePoint) {
    return is(codePoint, LINE_BREAK);
  }

  /** {@code str.isprintable}: what {@code repr} leaves as it is, quotes and backslash aside. */
  static boolean isPrintable(int codePoint) {
    return is(codePoint, PRINTABLE);
  }

  /** {@code str.isalpha}. */
  static boolean isAlphabetic(int codePoint) {
    return is(codePoint, ALPHABETIC);
  }

  /** {@code str.isdecimal}, and {@code \d}. */
  static boolean isDecimal(int codePoint) {
    return is(codePoint, DECIMAL);
  }

  /** {@code str.isdigit}: the decimals and such as superscripts. */
  static boolean isDigit(int codePoint) {
    return is(codePoint, DIGIT);
  }

  /** {@code str.isnumeric}: the digits and such as fractions. */
  static boolean isNumeric(int codePoint) {
    return is(codePoint, NUMERIC);
  }

  /** {@code str.isupper}. */
  static boolean isUpper(int codePoint) {
    return is(codePoint, UPPER);
  }

  /** {@code str.islower}. */
  static boolean isLower(int codePoint) {
    return is(codePoint, LOWER);
  }

  /** Whether a character is a title-case letter, such as U+01C5; capitals are not. */
  static boolean isTitle(int codePoint) {
    return is(codePoint, TITLE);
  }

  /** The property Cased: after such a character {@code str.title} goes on in small letters. */
  static boolean isCased(int codePoint) {
    return is(codePoint, UPPER | LOWER | TITLE);
  }

  /**
   * The property Case_Ignorable: {@code str.lower} looks through such characters for the cased one
   * that makes a sigma final. A character may be both ignorable and cased; ignorable comes first.
   */
  static boolean isCaseIgnorable(int codePoint) {
    return is(codePoint, CASE_IGNORABLE);
  }

  /** Whether {@code str.isidentifier} takes a character as the first; it takes {@code _}. */
  static boolean isIdentifierStart(int codePoint) {
    return is(codePoint, IDENTIFIER_START);
  }

  /** Whether {@code str.isidentifier} takes a character after the first. */
  static boolean isIdentifierPart(int codePoint) {
    return is(codePoint, IDENTIFIER_PART);
  }

  /** The pattern {@code \w}: {@code str.isalnum}, or {@code _}. */
  static boolean isWord(int codePoint) {
    return is(codePoint, ALPHABETIC | DECIMAL | DIGIT | NUMERIC) || codePoint == '_';
  }

  /** The value of a decimal as {@code int} reads it, or -1 for any other character. */
  static int decimalValue(int codePoint) {
    int run = TABLE.runOf(codePoint);
    boolean decimal = (TABLE.kinds[run].properties & DECIMAL) != 0;
    // The script checks that every run of decimals consists of whole sets of ten.
    return decimal ? (codePoint - TABLE.starts[run]) % 10 : -1;
  }

  /** {@code str.upper} of one character: up to three characters. */
  static String toUpper(int codePoint) {
    return TABLE.kindOf(codePoint).upper.of(codePoint);
  }

  /** {@code str.lower} of one character alone; whether a sigma is final is the caller's to see. */
  static String toLower(int codePoint) {
    return TABLE.kindOf(codePoint).lower.of(codePoint);
  }

  /** {@code str.title} of one character alone, which is what {@code str.capitalize} starts with. */
  static String toTitle(int codePoint) {
    return TABLE.kindOf(codePoint).title.of(codePoint);
  }

  /** {@code str.casefold} of one character. */
  static String toFoldCase(int codePoint) {
    return TABLE.kindOf(codePoint).fold.of(codePoint);
  }

  /** Appends {@link #toUpper}, without allocating. */
  static void appendUpper(int codePoint, StringBuilder out) {
    TABLE.kindOf(codePoint).upper.append(codePoint, out);
  }

  /** Appends {@link #toLower}, without allocating. */
  static void appendLower(int codePoint, StringBuilder out) {
    TABLE.kindOf(codePoint).lower.append(codePoint, out);
  }

  /** Appends {@link #toTitle}, without allocating. */
  static void appendTitle(int codePoint, StringBuilder out) {
    TABLE.kindOf(codePoint).title.append(codePoint, out);
  }

  /** Appends {@link #toFoldCase}, without allocating. */
  static void appendFoldCase(int codePoint, StringBuilder out) {
    TABLE.kindOf(codePoint).fold.append(codePoint, out);
  }

  private static boolean is(int codePoint, int properties) {
    return (TABLE.kindOf(codePoint).properties & properties) != 0;
  }

  /** Says what a mapping makes of a character: this text or, if null, the one at an offset. */
  private record CaseChange(int offset, String text) {
    static CaseChange parse(String word) {
      if (word.indexOf('.') < 0) {
        return new CaseChange(Integer.parseInt(word, 16), null);
      }
      StringBuilder text = new StringBuilder();
      for (String codePoint : word.split("\\.", -1)) {
        text.appendCodePoint(Integer.parseInt(codePoint, 16));
      }
      return new CaseChange(0, text.toString());
    }

    String of(int codePoint) {
      return text != null ? text : Character.toString(codePoint + offset);
    }

    void append(int codePoint, StringBuilder out) {
      if (text != null) {
        out.append(text);
      } else {
        out.appendCodePoint(codePoint + offset);
      }
    }
  }

  /** Describes characters that differ in nothing but their place. */
  private record Kind(
      int properties, CaseChange upper, CaseChange lower, CaseChange title, CaseChange fold) {
    static Kind parse(String line) {
      String[] words = line.split(" ", -1);
      return new Kind(
          Integer.parseInt(words[0], 16),
          CaseChange.parse(words[1]),
          CaseChange.parse(words[2]),
          CaseChange.parse(words[3]),
          CaseChange.parse(words[4]));
    }
  }

  /** Holds the runs of characters of one kind, which cover all code points in order. */
  private static final class Table {
    private static final String RESOURCE = "python-characters.txt";

    private final int[] starts; // [runs], ascending
    private final Kind[] kinds; // [runs]
    private final byte[] asciiRuns = new byte[ASCII]; // the run of each ASCII character

    private Table(int[] starts, Kind[] kinds) {
      this.starts = starts;
      this.kinds = kinds;
      for (int point = 0; point < ASCII; point++) {
        asciiRuns[point] = (byte) searchRun(point);
      }
    }

    Kind kindOf(int codePoint) {
      return kinds[runOf(codePoint)];
    }

    int runOf(int codePoint) {
      return codePoint < ASCII ? asciiRuns[codePoint] : searchRun(codePoint);
    }

    private int searchRun(int codePoint) {
      int found = Arrays.binarySearch(starts, codePoint);
      return found >= 0 ? found : -found - 2;
    }

    static Table load() {
      try (InputStream stream = PythonCharacter.class.getResourceAsStream(RESOURCE)) {
        if (stream == null) {
          throw new IllegalStateException("resource is missing: " + RESOURCE);
        }
        return read(new BufferedReader(new InputStreamReader(stream, StandardCharsets.US_ASCII)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Reads the table; the script that writes it describes its form in its first lines. */
    private static Table read(BufferedReader in) throws IOException {
      String line = in.readLine();
      while (line.startsWith("#")) {
        line = in.readLine();
      }
      Kind[] all = new Kind[count("kinds ", line)];
      for (int i = 0; i < all.length; i++) {
        all[i] = Kind.parse(in.readLine());
      }
      int[] starts = new int[count("runs ", in.readLine())];
      Kind[] kinds = new Kind[starts.length];
      int runs = 0;
      int point = 0;
      for (line = in.readLine(); line != null; line = in.readLine()) {
        for (String word : line.split(" ", -1)) {
          int star = word.indexOf('*');
          int end = star < 0 ? word.length() : star;
          starts[runs] = point;
          kinds[runs++] = all[Integer.parseInt(word, 0, end, 16)];
          point += star < 0 ? 1 : Integer.parseInt(word, star + 1, word.length(), 16);
        }
      }
      if (runs != starts.length || point != Character.MAX_CODE_POINT + 1) {
        throw new IllegalStateException("characters are incomplete: " + runs + " runs, " + point);
      }
      return new Table(starts, kinds);
    }

    private static int count(String name, String line) {
      if (!line.startsWith(name)) {
        throw new IllegalStateException("expected " + name + "but found: " + line);
      }
      return Integer.parseInt(line, name.length(), line.length(), 16);
    }
  }
}
