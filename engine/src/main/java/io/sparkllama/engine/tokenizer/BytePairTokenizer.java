package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Tokenizes as byte-level BPE does: a pre-tokenizer cuts words, each word's bytes are tokens, and
 * neighbouring tokens are merged within the word, the lowest rank first.
 */
final class BytePairTokenizer extends VocabularyTokenizer {
  private final TextRules rules;
  private final boolean wholeWords; // a word that is a token is not merged from parts
  private final boolean numberBytesApart;
  private final TokenIndex index;
  private final MergeTable merges;
  private final int[] byteIds; // [256], -1 where the vocabulary has no such token

  BytePairTokenizer(Vocabulary vocabulary) {
    super(vocabulary, pieces(vocabulary));
    rules = vocabulary.rules();
    wholeWords = rules.words().has(PreTokenizerName.Habit.WHOLE_WORDS);
    numberBytesApart = rules.preTokenizer().setsNumberBytesApart();
    byte[][] tokens = new byte[vocabulary.size()][];
    for (int id = 0; id < tokens.length; id++) {
      TokenType type = vocabulary.type(id);
      if (type == TokenType.NORMAL || type == TokenType.USER_DEFINED) {
        tokens[id] = ByteAlphabet.decodeOrNull(vocabulary.text(id));
      }
    }
    index = new TokenIndex(tokens);
    merges = new MergeTable(vocabulary, index);
    byteIds = new int[256];
    for (int value = 0; value < byteIds.length; value++) {
      byteIds[value] = index.find(new byte[] {(byte) value}, 0, 1);
    }
  }

  private static TokenPieces pieces(Vocabulary vocabulary) {
    return new TokenPieces(
        vocabulary.size(),
        TokenPieces.Invalid.BEGINNINGS,
        id ->
            switch (vocabulary.type(id)) {
              case NORMAL -> ByteAlphabet.decode(vocabulary.text(id));
              case USER_DEFINED, UNKNOWN -> vocabulary.text(id).getBytes(UTF_8);
              case BYTE -> new byte[] {(byte) ByteToken.value(vocabulary.text(id))};
              case UNDEFINED, CONTROL, UNUSED -> new byte[0];
            });
  }

  @Override
  void encodeText(String text, IntList ids) {
    CodePointText points = new CodePointText(rules.normalizer().normalize(text));
    WordChain chain = new WordChain();
    byte[] bytes = new byte[256];
    int from = 0;
    for (int end : rules.preTokenizer().wordEnds(points)) {
      int room = Math.multiplyExact(4, end - from);
      if (room > bytes.length) {
        bytes = new byte[room];
      }
      int length = points.copyUtf8(from, end, bytes);
      int start = 0;
      while (start < length) {
        int wordEnd = numberBytesApart ? ByteAlphabet.numbersEnd(bytes, start, length) : length;
        int whole = wordEnd - start == 1 || wholeWords ? index.find(bytes, start, wordEnd) : -1;
        if (whole >= 0) {
          ids.add(whole);
        } else {
          chain.encode(bytes, start, wordEnd, ids);
        }
        start = wordEnd;
      }
      from = end;
    }
  }

  /** Merges the bytes of one word after another. */
  private final class WordChain extends SymbolChain {
    private int[] tokens = new int[64]; // [count], id of each symbol

    void encode(byte[] bytes, int from, int to, IntList ids) {
      int length = to - from;
      if (length > tokens.length) {
        tokens = new int[Math.max(length, 2 * tokens.length)];
      }
      for (int i = 0; i < length; i++) {
        tokens[i] = byteIds[bytes[from + i] & 0xff];
        if (tokens[i] < 0) {
          throw inexpressible(characterAt(bytes, from + i, bytes.length));
        }
      }
      mergeAll(length);
      for (int symbol = 0; symbol >= 0; symbol = next(symbol)) {
        ids.add(tokens[symbol]);
      }
    }

    @Override
    int candidate(int left, int right) {
      return merges.rank(tokens[left], tokens[right]);
    }

    @Override
    int rank(int candidate) {
      return candidate;
    }

    @Override
    void join(int left, int right, int candidate) {
      tokens[left] = merges.result(candidate);
    }
  }

  private static int characterAt(byte[] bytes, int index, int length) {
    int start = index;
    while ((bytes[start] & 0xc0) == 0x80) {
      start--;
    }
    byte[] rest = Arrays.copyOfRange(bytes, start, Math.min(start + 4, length));
    return new String(rest, UTF_8).codePointAt(0);
  }
}
