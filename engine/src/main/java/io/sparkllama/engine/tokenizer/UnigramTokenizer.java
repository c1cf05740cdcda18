package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Tokenizes as SentencePiece's unigram model does: of all ways to cut text into tokens, the one
 * whose scores add up to most. A character without a token counts as unknown, at ten below the
 * lowest score. Sums are of doubles and begin anew wherever no token reaches across, so that the
 * tokens of a word do not depend on how much text stands before it.
 */
final class UnigramTokenizer extends VocabularyTokenizer {
  private static final double UNKNOWN_PENALTY = 10;

  private final TextRules rules;
  private final TokenPrefixes prefixes;
  private final float[] scores; // by id
  private final double unknownScore;
  private final CharacterPairs innerPairs = new CharacterPairs();
  private final PieceWriter.Fallback fallback;

  UnigramTokenizer(Vocabulary vocabulary) {
    super(vocabulary, SentencePieceTokenizer.pieces(vocabulary));
    rules = vocabulary.rules();
    byte[][] tokens = new byte[vocabulary.size()][];
    scores = new float[tokens.length];
    float lowest = Float.POSITIVE_INFINITY;
    for (int id = 0; id < tokens.length; id++) {
      if (vocabulary.type(id) == TokenType.NORMAL) {
        tokens[id] = vocabulary.text(id).getBytes(UTF_8);
        innerPairs.addToken(vocabulary.text(id));
        scores[id] = vocabulary.score(id);
        lowest = Math.min(lowest, scores[id]);
      }
    }
    prefixes = new TokenPrefixes(tokens);
    unknownScore = (lowest == Float.POSITIVE_INFINITY ? 0 : lowest) - UNKNOWN_PENALTY;
    fallback = new PieceWriter.Fallback(vocabulary);
  }

  @Override
  void encodeText(String text, IntList ids) {
    String prepared = SentencePieceText.prepare(text, rules);
    Lattice lattice = new Lattice(prepared.getBytes(UTF_8), new PieceWriter(fallback, ids));
    int byteAt = 0;
    int before = -1;
    int at = 0;
    while (at < prepared.length()) {
      int point = prepared.codePointAt(at);
      if (before >= 0 && !innerPairs.contains(before, point)) {
        lattice.write(byteAt);
      }
      byteAt += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      before = point;
      at += Character.charCount(point);
    }
    lattice.write(byteAt);
  }

  /** Finds the best way through one piece after another of one text. */
  private final class Lattice {
    private final byte[] bytes;
    private final PieceWriter writer;
    private final TokenPrefixes.Walk walk = prefixes.new Walk();
    private int start; // of the piece
    private double[] best =
        new double[64]; // [length + 1], sum of the best way to each byte's place
    private int[] lengths =
        new int[64]; // [length + 1], bytes of that way's last token; 0 where none
    private int[] ids = new int[64]; // [length + 1], that token, or -1 where unknown
    private int[] path = new int[64]; // [length + 1], where the best way's tokens end, last first

    Lattice(byte[] bytes, PieceWriter writer) {
      this.bytes = bytes;
      this.writer = writer;
    }

    /** Writes the ids of the piece that ends here and begins the next. */
    void write(int end) {
      if (end == start) {
        return;
      }
      int length = end - start;
      reserve(length + 1);
      int at = 0;
      while (at < length) {
        at += advance(at, length);
      }
      writeBest(length);
      start = end;
    }

    private void reserve(int size) {
      if (size > best.length) {
        int capacity = Math.max(size, 2 * best.length);
        best = new double[capacity];
        lengths = new int[capacity];
        ids = new int[capacity];
        path = new int[capacity];
      }
      Arrays.fill(lengths, 0, size, 0);
      best[0] = 0;
    }

    /** Offers every token that begins at a character, and returns the character's bytes. */
    private int advance(int at, int length) {
      int character = characterLength(bytes[start + at]);
      boolean whole = false;
      walk.begin();
      for (int end = at; end < length && walk.step(bytes[start + end]); end++) {
        int id = walk.id();
        if (id >= 0) {
          whole |= end + 1 - at == character;
          offer(at, end + 1, id, scores[id]);
        }
      }
      if (!whole) {
        offer(at, at + character, -1, unknownScore);
      }
      return character;
    }

    private void offer(int from, int to, int id, double score) {
      double sum = best[from] + score;
      if (lengths[to] == 0 || sum > best[to]) {
        best[to] = sum;
        lengths[to] = to - from;
        ids[to] = id;
      }
    }

    private void writeBest(int length) {
      int count = 0;
      for (int to = length; to > 0; to -= lengths[to]) {
        path[count++] = to;
      }
      int from = 0;
      while (count > 0) {
        int to = path[--count];
        if (ids[to] >= 0) {
          writer.writeToken(ids[to]);
        } else {
          writer.writeOther(bytes, start + from, start + to);
        }
        from = to;
      }
    }

    private static int characterLength(byte first) {
      int value = first & 0xff;
      return value < 0x80 ? 1 : value < 0xe0 ? 2 : value < 0xf0 ? 3 : 4;
    }
  }
}
