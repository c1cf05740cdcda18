package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Tokenizes as SentencePiece's BPE does: neighbours whose joined text is a token are merged, the
 * highest score first; characters left without a token become byte tokens or, where there are none,
 * one unknown token a run.
 */
final class SentencePieceTokenizer extends VocabularyTokenizer {
  private final TokenIndex index;
  private final int[] ranks; // by id: the place of its score among all scores, best first
  private final TextRules rules;
  private final PieceWriter.Fallback fallback;
  private final CharacterPairs innerPairs = new CharacterPairs();

  SentencePieceTokenizer(Vocabulary vocabulary) {
    super(vocabulary, pieces(vocabulary));
    byte[][] tokens = new byte[vocabulary.size()][];
    for (int id = 0; id < tokens.length; id++) {
      TokenType type = vocabulary.type(id);
      if (type == TokenType.NORMAL || type == TokenType.USER_DEFINED) {
        tokens[id] = vocabulary.text(id).getBytes(UTF_8);
        innerPairs.addToken(vocabulary.text(id));
      }
    }
    index = new TokenIndex(tokens);
    ranks = ranks(vocabulary);
    rules = vocabulary.rules();
    fallback = new PieceWriter.Fallback(vocabulary);
  }

  private static int[] ranks(Vocabulary vocabulary) {
    float[] sorted = new float[vocabulary.size()];
    for (int id = 0; id < sorted.length; id++) {
      sorted[id] = key(vocabulary, id);
    }
    Arrays.sort(sorted);
    int distinct = 0;
    for (int i = 0; i < sorted.length; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        sorted[distinct++] = sorted[i];
      }
    }
    int[] ranks = new int[vocabulary.size()];
    for (int id = 0; id < ranks.length; id++) {
      ranks[id] = Arrays.binarySearch(sorted, 0, distinct, key(vocabulary, id));
    }
    return ranks;
  }

  /** Returns a token's score so that the best is smallest and both zeros are one. */
  private static float key(Vocabulary vocabulary, int id) {
    return 0f - vocabulary.score(id);
  }

  /** Returns what SentencePiece's tokens are written as. */
  static TokenPieces pieces(Vocabulary vocabulary) {
    return new TokenPieces(
        vocabulary.size(),
        TokenPieces.Invalid.BYTES,
        id ->
            switch (vocabulary.type(id)) {
              case NORMAL, USER_DEFINED ->
                  vocabulary.text(id).replace(SentencePieceText.SPACE, ' ').getBytes(UTF_8);
              case UNKNOWN -> vocabulary.text(id).getBytes(UTF_8);
              case BYTE -> new byte[] {(byte) ByteToken.value(vocabulary.text(id))};
              case UNDEFINED, CONTROL, UNUSED -> new byte[0];
            });
  }

  /**
   * Tokenizes piece by piece: no merge ever crosses two characters that stand side by side in no
   * token, so the text is cut there first, which keeps the merging short and gives the same ids.
   */
  @Override
  void encodeText(String text, IntList ids) {
    String escaped = SentencePieceText.prepare(text, rules);
    Chain chain = new Chain(escaped.getBytes(UTF_8), new PieceWriter(fallback, ids));
    int byteAt = 0;
    int before = -1;
    int at = 0;
    while (at < escaped.length()) {
      int point = escaped.codePointAt(at);
      if (before >= 0 && !innerPairs.contains(before, point)) {
        chain.flush(byteAt);
      }
      chain.addCharacter(byteAt);
      byteAt += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      before = point;
      at += Character.charCount(point);
    }
    chain.flush(byteAt);
  }

  /** Merges the characters of one piece after another of one text. */
  private final class Chain extends SymbolChain {
    private final byte[] bytes;
    private final PieceWriter writer;
    private int[] starts = new int[64]; // [count], of each character in bytes
    private int count;
    private int end;

    Chain(byte[] bytes, PieceWriter writer) {
      this.bytes = bytes;
      this.writer = writer;
    }

    void addCharacter(int start) {
      if (count == starts.length) {
        starts = Arrays.copyOf(starts, 2 * count);
      }
      starts[count++] = start;
    }

    void flush(int pieceEnd) {
      if (count == 0) {
        return;
      }
      end = pieceEnd;
      mergeAll(count);
      for (int symbol = 0; symbol >= 0; symbol = next(symbol)) {
        emit(starts[symbol], endOf(symbol));
      }
      count = 0;
    }

    private void emit(int from, int to) {
      int id = index.find(bytes, from, to);
      if (id >= 0) {
        writer.writeToken(id);
      } else {
        writer.writeOther(bytes, from, to);
      }
    }

    private int endOf(int symbol) {
      return next(symbol) < 0 ? end : starts[next(symbol)];
    }

    @Override
    int candidate(int left, int right) {
      return index.find(bytes, starts[left], endOf(right));
    }

    @Override
    int rank(int candidate) {
      return ranks[candidate];
    }

    @Override
    void join(int left, int right, int candidate) {
      // The text between the left symbol's start and the next symbol's is the symbol.
    }
  }
}
