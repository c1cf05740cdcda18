package io.sparkllama.engine.chat;

import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

/** Holds what both parsers of a template share: tokens, depth, and what names are read. */
final class ParserState {
  /** As deep as Python's own parser goes, about. */
  private static final int MOST_DEPTH = 100;

  private static final Set<String> MACRO_NAMES = Set.of("caller", "varargs", "kwargs");

  private final TokenStream tokens;
  private final Deque<Set<String>> macroUses = new ArrayDeque<>(); // innermost first
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> assigned = new HashSet<>();
  private final TemplateDialect dialect;
  private int depth;
  private boolean soft;

  ParserState(TokenStream tokens, TemplateDialect dialect) {
    this.tokens = tokens;
    this.dialect = dialect;
  }

  boolean isStrict() {
    return dialect.isStrict();
  }

  TokenStream tokens() {
    return tokens;
  }

  /** Goes a level deeper, until {@link #leave}. */
  void enter() {
    if (++depth > MOST_DEPTH) {
      throw tokens.failure("the template nests too deep");
    }
  }

  void leave() {
    depth--;
  }

  /**
   * Says whether an unknown filter or test is a mistake of the template only where it is reached:
   * so it is within conditions, which may ask first whether there is one.
   */
  boolean isSoft() {
    return soft;
  }

  /** Sets what {@link #isSoft} says, and returns what it said. */
  boolean setSoft(boolean newSoft) {
    boolean old = soft;
    soft = newSoft;
    return old;
  }

  /** Notes that a variable is read. */
  void reads(String name) {
    names.add(name);
    if (MACRO_NAMES.contains(name)) {
      macroUses.forEach(uses -> uses.add(name));
    }
  }

  /** Returns the names that are read anywhere, in the order of first use. */
  Set<String> names() {
    return names;
  }

  /** Notes that a variable is set. */
  void assigns(String name) {
    assigned.add(name);
  }

  /** Returns the names that are set anywhere. */
  Set<String> assigned() {
    return assigned;
  }

  void beginMacro() {
    assigned.addAll(MACRO_NAMES);
    macroUses.push(new HashSet<>());
  }

  /** Returns which of the names that a macro is given its body reads. */
  Set<String> endMacro() {
    return Set.copyOf(macroUses.pop());
  }

  TemplateException failure(String problem) {
    return tokens.failure(problem);
  }
}
