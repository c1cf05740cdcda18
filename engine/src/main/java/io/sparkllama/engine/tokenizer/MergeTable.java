package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.api.ModelFormatException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the rank and the result of merging two tokens, by their ids. */
final class MergeTable {
  private static final Logger LOG = LoggerFactory.getLogger(MergeTable.class);

  private final LongIntMap ranks; // left id << 32 | right id -> rank, best smallest
  private final int[] results; // [merges], by rank

  /**
   * Reads a vocabulary's merges.
   *
   * @param index finds tokens by the bytes they stand for
   * @throws ModelFormatException if a merge is not two tokens of the vocabulary that make a third
   */
  MergeTable(Vocabulary vocabulary, TokenIndex index) {
    List<String> merges = vocabulary.merges();
    ranks = new LongIntMap(merges.size());
    results = new int[merges.size()];
    Set<String> texts = new HashSet<>(); // filled when a merge is found not to be of text tokens
    int ignored = 0;
    for (int rank = 0; rank < results.length; rank++) {
      String merge = merges.get(rank);
      int space = merge.indexOf(' ', 1);
      if (space < 0 || space == merge.length() - 1) {
        throw refusal("is not two tokens with a space between", rank, vocabulary);
      }
      String left = merge.substring(0, space);
      String right = merge.substring(space + 1);
      int leftId = find(index, left);
      int rightId = find(index, right);
      results[rank] = find(index, left + right);
      if (leftId >= 0 && rightId >= 0 && results[rank] >= 0) {
        ranks.putIfAbsent(pair(leftId, rightId), rank);
        continue;
      }
      if (texts.isEmpty()) {
        addTexts(vocabulary, texts);
      }
      if (texts.contains(left) && texts.contains(right) && texts.contains(left + right)) {
        ignored++; // a special token is no text, so nothing is merged from it or into it
      } else {
        throw refusal("is of tokens that the vocabulary does not hold", rank, vocabulary);
      }
    }
    if (ignored > 0) {
      LOG.warn("merges that special tokens take part in are ignored: {}", ignored);
    }
  }

  private static ModelFormatException refusal(String problem, int rank, Vocabulary vocabulary) {
    return new ModelFormatException(
        "a merge " + problem + ", at index " + rank + ": " + vocabulary.source());
  }

  private static int find(TokenIndex index, String token) {
    byte[] bytes = ByteAlphabet.decodeOrNull(token);
    return bytes == null ? -1 : index.find(bytes, 0, bytes.length);
  }

  private static void addTexts(Vocabulary vocabulary, Set<String> texts) {
    for (int id = 0; id < vocabulary.size(); id++) {
      texts.add(vocabulary.text(id));
    }
  }

  private static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  /** Returns the rank of a merge, or -1 if the two are not merged. */
  int rank(int left, int right) {
    return ranks.get(pair(left, right));
  }

  /** Returns the id that a merge makes. */
  int result(int rank) {
    return results[rank];
  }
}
