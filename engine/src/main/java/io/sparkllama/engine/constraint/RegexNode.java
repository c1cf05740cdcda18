package io.sparkllama.engine.constraint;

import java.util.List;
import org.apache.lucene.util.automaton.Automata;
import org.apache.lucene.util.automaton.Automaton;
import org.apache.lucene.util.automaton.Operations;

/** Is a part of a regular expression. */
sealed interface RegexNode {
  /** Stands for a repetition without upper bound. */
  int UNBOUNDED = -1;

  /**
   * Returns about what its automaton takes before it is made deterministic: its states, each
   * transition being a sixteenth of one.
   */
  double size();

  /** Returns whether it matches the empty text. */
  boolean matchesEmpty();

  /** Makes its automaton over code points. What {@link #size} says must be bearable. */
  Automaton automaton();

  /** Matches one character of a set. */
  record OneOf(CodePointSet characters) implements RegexNode {
    @Override
    public double size() {
      return 2 + characters.ranges().size() / 16.0;
    }

    @Override
    public boolean matchesEmpty() {
      return false;
    }

    @Override
    public Automaton automaton() {
      Automaton automaton = new Automaton();
      int begin = automaton.createState();
      int end = automaton.createState();
      automaton.setAccept(end, true);
      for (CodePointSet.Range range : characters.ranges()) {
        automaton.addTransition(begin, end, range.first(), range.last());
      }
      automaton.finishState();
      return automaton;
    }
  }

  /** Matches its parts one after the other; nothing where it has none. */
  record Concatenation(List<RegexNode> parts) implements RegexNode {
    @Override
    public double size() {
      double size = 1;
      int reached = 1; // parts from which this one can be reached: those before it may be left out
      for (RegexNode part : parts) {
        size += part.size() * reached;
        reached = part.matchesEmpty() ? reached + 1 : 1;
      }
      return size;
    }

    @Override
    public boolean matchesEmpty() {
      return parts.stream().allMatch(RegexNode::matchesEmpty);
    }

    @Override
    public Automaton automaton() {
      return parts.isEmpty()
          ? Automata.makeEmptyString()
          : Operations.concatenate(parts.stream().map(RegexNode::automaton).toList());
    }
  }

  /** Matches what one of its branches does; it has two at least. */
  record Alternation(List<RegexNode> branches) implements RegexNode {
    @Override
    public double size() {
      return 1 + branches.stream().mapToDouble(RegexNode::size).sum();
    }

    @Override
    public boolean matchesEmpty() {
      return branches.stream().anyMatch(RegexNode::matchesEmpty);
    }

    @Override
    public Automaton automaton() {
      return Operations.union(branches.stream().map(RegexNode::automaton).toList());
    }
  }

  /**
   * Matches its body several times.
   *
   * @param most at least {@code least}, or {@link #UNBOUNDED}
   */
  record Repetition(RegexNode body, int least, int most) implements RegexNode {
    @Override
    public double size() {
      double times = Math.max(1.0, most == UNBOUNDED ? least + 1.0 : most);
      // Each of the first ones leads into all that follow where those between may be left out.
      return body.size() * times * (body.matchesEmpty() ? Math.max(1.0, least) : 1.0);
    }

    @Override
    public boolean matchesEmpty() {
      return least == 0 || body.matchesEmpty();
    }

    @Override
    public Automaton automaton() {
      Automaton once = body.automaton();
      return most == UNBOUNDED
          ? Operations.repeat(once, least)
          : Operations.repeat(once, least, most);
    }
  }
}
