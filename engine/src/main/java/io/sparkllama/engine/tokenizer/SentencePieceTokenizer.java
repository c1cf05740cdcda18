package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.OptionalInt;

/**
 * Tokenizes as SentencePiece's BPE does: neighbours whose joined text is a token are merged, the
 * highest score first; characters left without a token become byte tokens or, where there are none,
 * one unknown token a run.
 */
final class SentencePieceTokenizer extends VocabularyTokenizer {
  private static final char SPACE = '\u2581';

  private final TokenIndex index;
  private final int[] ranks; // by id: the place of its score among all scores, best first
  private final int[] byteIds; // [256], -1 where the vocabulary has no such token
  private final OptionalInt unknownId;
  private final boolean addSpacePrefix;
  private final LongIntMap innerPairs; // neighbouring characters that occur within some token

  SentencePieceTokenizer(Vocabulary vocabulary) {
    super(vocabulary, pieces(vocabulary));
    int size = vocabulary.size();
    byte[][] tokens = new byte[size][];
    innerPairs = new LongIntMap(4096);
    byteIds = new int[256];
    Arrays.fill(byteIds, -1);
    for (int id = size - 1; id >= 0; id--) {
      TokenType type = vocabulary.type(id);
      if (type == TokenType.NORMAL || type == TokenType.USER_DEFINED) {
        tokens[id] = vocabulary.text(id).getBytes(UTF_8);
        addInnerPairs(vocabulary.text(id));
      } else if (type == TokenType.BYTE) {
        byteIds[ByteToken.value(vocabulary.text(id))] = id;
      }
    }
    index = new TokenIndex(tokens);
    ranks = ranks(vocabulary);
    unknownId = vocabulary.specialIds().unknown();
    addSpacePrefix = vocabulary.rules().addSpacePrefix();
  }

  private void addInnerPairs(String token) {
    int before = -1;
    int at = 0;
    while (at < token.length()) {
      int point = token.codePointAt(at);
      if (before >= 0) {
        innerPairs.putIfAbsent(pair(before, point), 1);
      }
      before = point;
      at += Character.charCount(point);
    }
  }

  private static long pair(int before, int after) {
    return (long) before << 32 | after;
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

  private static TokenPieces pieces(Vocabulary vocabulary) {
    return new TokenPieces(
        vocabulary.size(),
        id ->
            switch (vocabulary.type(id)) {
              case NORMAL -> vocabulary.text(id).replace(SPACE, ' ').getBytes(UTF_8);
              case USER_DEFINED, UNKNOWN -> vocabulary.text(id).getBytes(UTF_8);
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
    String escaped = (addSpacePrefix ? " " + text : text).replace(' ', SPACE);
    Chain chain = new Chain(escaped.getBytes(UTF_8), ids);
    int byteAt = 0;
    int before = -1;
    int at = 0;
    while (at < escaped.length()) {
      int point = escaped.codePointAt(at);
      if (before >= 0 && innerPairs.get(pair(before, point)) < 0) {
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
    private final IntList ids;
    private int[] starts = new int[64]; // [count], of each character in bytes
    private int count;
    private int end;
    private boolean lastIsUnknown;

    Chain(byte[] bytes, IntList ids) {
      this.bytes = bytes;
      this.ids = ids;
    }

    void addCharacter(int start) {
      if (count == starts.length) {
        starts = Arrays.copyOf(starts, 2 * count);
      }
      starts[count++] = start;
    }

    void flush(int pieceEnd) {
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
        ids.add(id);
        lastIsUnknown = false;
        return;
      }
      for (int i = from; i < to; i++) {
        if (byteIds[bytes[i] & 0xff] < 0) {
          emitUnknown(from, to);
          return;
        }
      }
      for (int i = from; i < to; i++) {
        ids.add(byteIds[bytes[i] & 0xff]);
      }
      lastIsUnknown = false;
    }

    private void emitUnknown(int from, int to) {
      if (unknownId.isEmpty()) {
        throw inexpressible(new String(bytes, from, to - from, UTF_8).codePointAt(0));
      }
      if (!lastIsUnknown) {
        ids.add(unknownId.getAsInt());
      }
      lastIsUnknown = true;
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
