package io.sparkllama.engine.constraint;

import io.sparkllama.engine.constraint.CodePointSet.Range;
import io.sparkllama.engine.tokenizer.CharacterClass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads what stands for one character in a regular expression: escapes, classes and the dot. */
final class RegexClassParser {
  private static final CodePointSet LINE_ENDS = CodePointSet.of("\n\r\u0085\u2028\u2029");
  private static final CodePointSet DIGITS = CodePointSet.of(List.of(new Range('0', '9')));
  private static final CodePointSet SPACES =
      CodePointSet.of(List.of(new Range('\t', '\r'), new Range(' ', ' ')));
  private static final CodePointSet WORDS =
      CodePointSet.of(
          List.of(
              new Range('a', 'z'), new Range('A', 'Z'), new Range('0', '9'), new Range('_', '_')));

  private static final Map<Integer, Integer> CONTROLS =
      Map.of(
          (int) 't', 9, (int) 'n', 10, (int) 'r', 13, (int) 'f', 12, (int) 'a', 7, (int) 'e', 27);

  private static final Map<String, Integer> CATEGORIES =
      Map.of(
          "L", CharacterClass.LETTER,
          "M", CharacterClass.MARK,
          "N", CharacterClass.NUMBER,
          "P", CharacterClass.PUNCTUATION,
          "S", CharacterClass.SYMBOL);

  private final RegexReader reader;
  private final Map<Integer, CodePointSet> read = new HashMap<>(); // by category

  RegexClassParser(RegexReader reader) {
    this.reader = reader;
  }

  /** Reads a dot, an escape, or a class in brackets; one of these must stand here. */
  CodePointSet next() {
    if (reader.skip(".")) {
      return LINE_ENDS.complement();
    }
    return reader.at("[") ? bracketed() : escape();
  }

  private CodePointSet bracketed() {
    int begin = reader.position();
    reader.skip("[");
    boolean negated = reader.skip("^");
    List<Range> ranges = new ArrayList<>();
    if (reader.at("]")) {
      throw reader.refusal("has an empty class: write \\] for the character itself");
    }
    while (!reader.skip("]")) {
      if (!reader.hasNext()) {
        throw reader.refusalAt(begin, "has a [ without its ]");
      }
      addMember(ranges);
    }
    CodePointSet set = CodePointSet.of(ranges);
    return negated ? set.complement() : set;
  }

  private void addMember(List<Range> ranges) {
    int begin = reader.position();
    CodePointSet first = member();
    boolean ranged = reader.at("-") && !reader.at("-]");
    if (!ranged) {
      ranges.addAll(first.ranges());
      return;
    }
    reader.skip("-");
    if (!reader.hasNext()) {
      throw reader.refusalAt(begin, "has a class without its ]");
    }
    CodePointSet last = member();
    if (!isOne(first) || !isOne(last)) {
      throw reader.refusalAt(
          begin,
          "has a range of what is not single characters: write \\- for the character itself");
    }
    Range range = new Range(first.ranges().get(0).first(), last.ranges().get(0).first());
    if (range.first() > range.last()) {
      throw reader.refusalAt(begin, "has a range that ends before it begins");
    }
    ranges.add(range);
  }

  private static boolean isOne(CodePointSet set) {
    return set.ranges().size() == 1 && set.ranges().get(0).first() == set.ranges().get(0).last();
  }

  private CodePointSet member() {
    if (reader.at("\\")) {
      return escape();
    }
    if (reader.at("[") || reader.at("&&")) {
      throw reader.refusal(
          "has a class within a class, or an intersection of classes, which are not supported: write"
              + " \\ before the character itself");
    }
    return CodePointSet.of(Character.toString(reader.next()));
  }

  private CodePointSet escape() {
    int begin = reader.position();
    reader.skip("\\");
    if (!reader.hasNext()) {
      throw reader.refusalAt(begin, "ends with a \\: write \\\\ for the character itself");
    }
    int name = reader.next();
    switch (name) {
      case 'd':
        return DIGITS;
      case 'D':
        return DIGITS.complement();
      case 's':
        return SPACES;
      case 'S':
        return SPACES.complement();
      case 'w':
        return WORDS;
      case 'W':
        return WORDS.complement();
      case 'p':
        return category(begin);
      case 'P':
        return category(begin).complement();
      case 'x':
        return one(begin, reader.skip("{") ? reader.hexadecimal(0) : reader.hexadecimal(2));
      case 'u':
        return one(begin, reader.hexadecimal(4));
      default:
        return one(begin, literal(begin, name));
    }
  }

  private int literal(int begin, int name) {
    if (CONTROLS.containsKey(name)) {
      return CONTROLS.get(name);
    }
    boolean alphanumeric =
        name < 0x80 && (Character.isLetterOrDigit(name)); // others stand for themselves
    if (alphanumeric) {
      throw reader.refusalAt(
          begin, "has an escape that is not supported: \\" + Character.toString(name));
    }
    return name;
  }

  private CodePointSet one(int begin, int point) {
    if (point >= Character.MIN_SURROGATE && point <= Character.MAX_SURROGATE) {
      throw reader.refusalAt(
          begin, "names half a character (a surrogate): write \\x{1F600} for a whole one");
    }
    return CodePointSet.of(List.of(new Range(point, point)));
  }

  private CodePointSet category(int begin) {
    StringBuilder name = new StringBuilder();
    if (reader.skip("{")) {
      while (reader.hasNext() && !reader.at("}")) {
        name.appendCodePoint(reader.next());
      }
      reader.skip("}");
    } else if (reader.hasNext()) {
      name.appendCodePoint(reader.next());
    }
    Integer wanted = CATEGORIES.get(name.toString());
    if (wanted == null) {
      throw reader.refusalAt(
          begin, "has a property that is not supported (\\p{L}, M, N, P and S are): " + name);
    }
    return read.computeIfAbsent(wanted, RegexClassParser::charactersOf);
  }

  private static CodePointSet charactersOf(int wanted) {
    List<Range> ranges = new ArrayList<>();
    for (int point = 0; point <= Character.MAX_CODE_POINT; point++) {
      if ((CharacterClass.of(point) & wanted) != 0) {
        int first = point;
        while (point < Character.MAX_CODE_POINT && (CharacterClass.of(point + 1) & wanted) != 0) {
          point++;
        }
        ranges.add(new Range(first, point));
      }
    }
    return CodePointSet.of(ranges);
  }
}
