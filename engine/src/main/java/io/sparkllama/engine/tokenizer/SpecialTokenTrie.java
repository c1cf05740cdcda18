package io.sparkllama.engine.tokenizer;

/**
 * Finds the tokens that are cut from text before it is tokenized: special ones, where the template
 * wrote the text, and user-defined ones, anywhere. At each place the longest wins. To SentencePiece
 * a space and U+2581 are the same.
 */
final class SpecialTokenTrie {
  private final LongIntMap children = new LongIntMap(64); // node << 16 | character -> node
  private final IntList ids = new IntList(64); // by node; -1 where no token ends
  private final boolean[] special; // by id
  private final boolean spacesAreAlike;

  SpecialTokenTrie(Vocabulary vocabulary) {
    special = new boolean[vocabulary.size()];
    spacesAreAlike = vocabulary.model() != TokenizerModel.BYTE_PAIR;
    ids.add(-1);
    for (int id = 0; id < vocabulary.size(); id++) {
      TokenType type = vocabulary.type(id);
      special[id] = type.isSpecial();
      if ((special[id] || type == TokenType.USER_DEFINED) && !vocabulary.text(id).isEmpty()) {
        insert(vocabulary.text(id), id);
      }
    }
  }

  private void insert(String text, int id) {
    int node = 0;
    for (int i = 0; i < text.length(); i++) {
      int fresh = ids.size();
      int child = children.putIfAbsent(key(node, text.charAt(i)), fresh);
      if (child == fresh) {
        ids.add(-1);
      }
      node = child;
    }
    if (ids.get(node) < 0) {
      ids.set(node, id);
    }
  }

  private long key(int node, char unit) {
    char known = spacesAreAlike && unit == SentencePieceText.SPACE ? ' ' : unit;
    return (long) node << 16 | known;
  }

  /**
   * Returns the longest token that begins at {@code from}, or -1. Special tokens must end by {@code
   * templateEnd}, which is negative where the text is not the template's.
   */
  int longestAt(String text, int from, int templateEnd) {
    int found = -1;
    int node = 0;
    for (int at = from; at < text.length(); at++) {
      node = children.get(key(node, text.charAt(at)));
      if (node < 0) {
        break;
      }
      int id = ids.get(node);
      if (id >= 0 && (!special[id] || at < templateEnd)) {
        found = id;
      }
    }
    return found;
  }
}
