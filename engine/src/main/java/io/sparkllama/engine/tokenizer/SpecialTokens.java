package io.sparkllama.engine.tokenizer;

import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/**
 * Decides which tokens are special where files do not say so: tokens that look like markers and
 * have a role become control tokens, so that no document can write them; the end tokens that a file
 * fails to name are found by their texts.
 */
final class SpecialTokens {
  private static final Set<String> TURN_ENDS =
      Set.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<EOT>", "<|EOT|>");
  private static final Set<String> MESSAGE_ENDS = Set.of("<|eom_id|>");
  private static final Set<String> TEXT_ENDS =
      Set.of("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<｜end▁of▁sentence｜>");

  private final SpecialIds ids;
  private final TreeSet<Integer> ends = new TreeSet<>();

  /** Looks at all tokens once and corrects {@code types} in place. */
  SpecialTokens(List<String> texts, TokenType[] types, SpecialIds given) {
    int eot = -1;
    int eom = -1;
    for (int id = 0; id < types.length; id++) {
      String text = texts.get(id);
      if (mustBeControl(types[id], text)) {
        types[id] = TokenType.CONTROL;
      }
      if (types[id] == TokenType.CONTROL && isEnd(text)) {
        ends.add(id);
        eot = eot < 0 && TURN_ENDS.contains(text) ? id : eot;
        eom = eom < 0 && MESSAGE_ENDS.contains(text) ? id : eom;
      }
    }
    ids =
        new SpecialIds(
            given.bos(),
            given.eos(),
            orFound(given.eot(), eot),
            orFound(given.eom(), eom),
            given.unknown());
    promote(ids.bos(), texts, types);
    for (OptionalInt end : List.of(ids.eos(), ids.eot(), ids.eom())) {
      promote(end, texts, types);
      end.ifPresent(ends::add);
    }
  }

  SpecialIds ids() {
    return ids;
  }

  /** Returns, in ascending order, every id that ends an answer. */
  int[] endIds() {
    return ends.stream().mapToInt(Integer::intValue).toArray();
  }

  private static OptionalInt orFound(OptionalInt given, int found) {
    return given.isPresent() || found < 0 ? given : OptionalInt.of(found);
  }

  /** An ordinary {@code </s>} may be a piece of HTML; the ends of turns are nothing else. */
  private static boolean mustBeControl(TokenType type, String text) {
    return switch (type) {
      case USER_DEFINED -> isBarMarker(text) || isEnd(text);
      case NORMAL -> isEnd(text) && (isBarMarker(text) || !TEXT_ENDS.contains(text));
      default -> false;
    };
  }

  private static boolean isEnd(String text) {
    return TURN_ENDS.contains(text) || MESSAGE_ENDS.contains(text) || TEXT_ENDS.contains(text);
  }

  /** Makes a token with a role special, unless it is ordinary text such as a line break. */
  private static void promote(OptionalInt id, List<String> texts, TokenType[] types) {
    if (id.isPresent() && isMarker(texts.get(id.getAsInt()))) {
      TokenType type = types[id.getAsInt()];
      types[id.getAsInt()] = type == TokenType.UNKNOWN ? type : TokenType.CONTROL;
    }
  }

  private static boolean isMarker(String text) {
    return text.length() > 2
        && (text.startsWith("<") && text.endsWith(">")
            || text.startsWith("[") && text.endsWith("]"));
  }

  private static boolean isBarMarker(String text) {
    return text.length() > 4
        && (text.startsWith("<|") && text.endsWith("|>")
            || text.startsWith("<｜") && text.endsWith("｜>"));
  }
}
