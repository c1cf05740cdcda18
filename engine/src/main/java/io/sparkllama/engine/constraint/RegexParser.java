package io.sparkllama.engine.constraint;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a regular expression of the dialect that {@code docs/constraints.md} describes: the part of
 * {@code java.util.regex.Pattern}'s that says which whole texts match, with the same meaning. What
 * it does not know it refuses, with the place.
 */
final class RegexParser {
  /** Groups within groups: each takes a piece of the thread's stack. */
  private static final int MOST_DEPTH = 200;

  private final RegexReader reader;
  private final RegexClassParser classes;
  private int depth;

  private RegexParser(String expression) {
    this.reader = new RegexReader(expression);
    this.classes = new RegexClassParser(reader);
  }

  /**
   * Reads an expression.
   *
   * @throws InvalidConfigurationException where it is not of the dialect
   */
  static RegexNode parse(String expression) {
    RegexParser parser = new RegexParser(expression);
    parser.reader.skip("^"); // the whole text is matched anyway
    RegexNode node = parser.alternation();
    if (parser.reader.hasNext()) {
      throw parser.reader.refusal("has a ) without its (: write \\) for the character itself");
    }
    return node;
  }

  private RegexNode alternation() {
    List<RegexNode> branches = new ArrayList<>();
    do {
      branches.add(concatenation());
    } while (reader.skip("|"));
    return branches.size() == 1 ? branches.get(0) : new RegexNode.Alternation(branches);
  }

  private RegexNode concatenation() {
    List<RegexNode> parts = new ArrayList<>();
    while (reader.hasNext() && !reader.at("|") && !reader.at(")")) {
      if (reader.at("$") && reader.isLast() && depth == 0) {
        reader.skip("$"); // the whole text is matched anyway
      } else {
        parts.add(repetitions(atom()));
      }
    }
    return parts.size() == 1 ? parts.get(0) : new RegexNode.Concatenation(parts);
  }

  private RegexNode atom() {
    if (reader.at("(")) {
      return group();
    }
    if (reader.at("[") || reader.at("\\") || reader.at(".")) {
      return new RegexNode.OneOf(classes.next());
    }
    if (reader.at("*") || reader.at("+") || reader.at("?")) {
      throw reader.refusal("repeats nothing: write \\ before the character itself");
    }
    if (reader.at("{")) {
      throw reader.refusal("has a { that repeats nothing: write \\{ for the character itself");
    }
    if (reader.at("^") || reader.at("$")) {
      throw reader.refusal(
          "has an anchor within: the whole answer is matched, so leave ^ and $ out, or write \\ before"
              + " the character itself");
    }
    return new RegexNode.OneOf(CodePointSet.of(Character.toString(reader.next())));
  }

  private RegexNode group() {
    reader.mark();
    reader.skip("(");
    if (reader.skip("?")) {
      boolean named = reader.skip("<") && !reader.at("=") && !reader.at("!");
      if (named) {
        while (reader.hasNext() && !reader.at(">")) {
          reader.next();
        }
      }
      if (!(named ? reader.skip(">") : reader.skip(":"))) {
        throw reader.refusalAtMark(
            "has a group of a kind that is not supported (look-around, flags, atomic groups): write"
                + " (…), (?:…) or (?<name>…)");
      }
    }
    if (++depth > MOST_DEPTH) {
      throw reader.refusalAtMark("has more than " + MOST_DEPTH + " groups within one another");
    }
    int begin = reader.position();
    RegexNode inner = alternation();
    depth--;
    if (!reader.skip(")")) {
      throw reader.refusalAt(begin - 1, "has a ( without its )");
    }
    return inner;
  }

  private RegexNode repetitions(RegexNode atom) {
    RegexNode node = atom;
    boolean repeated = false;
    while (true) {
      reader.mark();
      RegexNode more = repetition(node);
      if (more == node) {
        return node;
      }
      if (repeated) {
        throw reader.refusalAtMark("repeats a repetition: put the inner one in parentheses");
      }
      repeated = true;
      node = more;
      if (reader.at("+")) {
        throw reader.refusal("has a possessive repetition, which is not supported");
      }
      reader.skip("?"); // the same texts match, whichever is tried first
    }
  }

  private RegexNode repetition(RegexNode node) {
    if (reader.skip("*")) {
      return new RegexNode.Repetition(node, 0, RegexNode.UNBOUNDED);
    }
    if (reader.skip("+")) {
      return new RegexNode.Repetition(node, 1, RegexNode.UNBOUNDED);
    }
    if (reader.skip("?")) {
      return new RegexNode.Repetition(node, 0, 1);
    }
    if (!reader.skip("{")) {
      return node;
    }
    int least = reader.number();
    int most = least;
    if (reader.skip(",")) {
      most = reader.at("}") ? RegexNode.UNBOUNDED : reader.number();
    }
    if (!reader.skip("}") || (most != RegexNode.UNBOUNDED && most < least)) {
      throw reader.refusalAtMark(
          "has a repetition that is none: write {3}, {3,} or {3,5}, or \\{ for the character itself");
    }
    return new RegexNode.Repetition(node, least, most);
  }
}
