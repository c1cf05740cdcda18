package io.sparkllama.engine.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;

/**
 * Writes the ids of one text's pieces as SentencePiece does: what is no token becomes byte tokens
 * or, where there are none, one unknown token a run.
 */
final class PieceWriter {
  private final Fallback fallback;
  private final IntList ids;
  private boolean lastIsUnknown;

  PieceWriter(Fallback fallback, IntList ids) {
    this.fallback = fallback;
    this.ids = ids;
  }

  /** Holds what stands for characters without a token. */
  static final class Fallback {
    private final int[] byteIds = new int[256]; // -1 where the vocabulary has no such token
    private final int unknownId; // -1 where there is none

    Fallback(Vocabulary vocabulary) {
      Arrays.fill(byteIds, -1);
      for (int id = vocabulary.size() - 1; id >= 0; id--) {
        if (vocabulary.type(id) == TokenType.BYTE) {
          byteIds[ByteToken.value(vocabulary.text(id))] = id;
        }
      }
      unknownId = vocabulary.specialIds().unknown().orElse(-1);
    }
  }

  void writeToken(int id) {
    ids.add(id);
    lastIsUnknown = false;
  }

  /**
   * Writes characters that are no token.
   *
   * @param bytes UTF-8, of which {@code [from, to)} is meant
   */
  void writeOther(byte[] bytes, int from, int to) {
    for (int i = from; i < to; i++) {
      if (fallback.byteIds[bytes[i] & 0xff] < 0) {
        writeUnknown(bytes, from, to);
        return;
      }
    }
    for (int i = from; i < to; i++) {
      ids.add(fallback.byteIds[bytes[i] & 0xff]);
    }
    lastIsUnknown = false;
  }

  private void writeUnknown(byte[] bytes, int from, int to) {
    if (fallback.unknownId < 0) {
      String text = new String(bytes, from, to - from, UTF_8);
      throw VocabularyTokenizer.inexpressible(text.codePointAt(0));
    }
    if (!lastIsUnknown) {
      ids.add(fallback.unknownId);
    }
    lastIsUnknown = true;
  }
}
