package io.sparkllama.engine.importer.vocabulary;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.tokenizer.ByteAlphabet;
import io.sparkllama.engine.tokenizer.TokenType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the tokenizer.model of Llama 3 as Meta publishes it: a line for each token, its bytes in
 * base 64 and its rank. The special tokens stand in no file but in Meta's code.
 */
final class TiktokenFile {
  /** As Llama 3's longest tokens have. */
  private static final int MOST_TOKEN_BYTES = 128;

  /** Characters of all merges: those of Llama 3 have some 3 million. */
  private static final int MOST_MERGE_CHARACTERS = 1 << 24;

  private static final int SPECIAL_TOKENS = 256;

  /** Those of Llama 3; reserved ones fill up what is between and after. */
  private static final Map<Integer, String> NAMED =
      Map.of(
          0, "<|begin_of_text|>",
          1, "<|end_of_text|>",
          6, "<|start_header_id|>",
          7, "<|end_header_id|>",
          9, "<|eot_id|>");

  /** Those that Llama 3.1 named beside. */
  private static final Map<Integer, String> NAMED_SINCE_3_1 =
      Map.of(4, "<|finetune_right_pad_id|>", 8, "<|eom_id|>", 10, "<|python_tag|>");

  private final Path path;
  private final Map<String, Integer> ranks = new HashMap<>();
  private final List<String> byRank = new ArrayList<>();

  private TiktokenFile(Path path) {
    this.path = path;
  }

  /**
   * Reads a file's text.
   *
   * @throws ModelFormatException where it is damaged
   */
  static TiktokenFile read(Path path, String text) {
    TiktokenFile file = new TiktokenFile(path);
    text.lines().filter(line -> !line.isBlank()).forEach(file::addLine);
    return file;
  }

  private void addLine(String line) {
    int space = line.indexOf(' ');
    byte[] bytes;
    try {
      bytes =
          Base64.getDecoder()
              .decode(line.substring(0, Math.max(0, space)).getBytes(StandardCharsets.US_ASCII));
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(message("is not in base 64"), e);
    }
    if (bytes.length == 0
        || bytes.length > MOST_TOKEN_BYTES
        || !line.substring(space + 1).equals(Integer.toString(byRank.size()))) {
      throw new ModelFormatException(message("is not a token's bytes and the next rank"));
    }
    String token = ByteAlphabet.encode(bytes);
    if (ranks.put(token, byRank.size()) != null) {
      throw new ModelFormatException(message("has a token that occurs twice"));
    }
    byRank.add(token);
  }

  private String message(String problem) {
    return "a line of the tokenizer " + problem + ", line " + (byRank.size() + 1) + ": " + path;
  }

  /**
   * Returns the vocabulary with the special tokens after the others.
   *
   * @param since31 whether the model is Llama 3.1 or later
   */
  GgufVocabulary vocabulary(int size, Since since31) {
    TokenTable tokens = new TokenTable(path, size);
    for (int rank = 0; rank < byRank.size(); rank++) {
      tokens.put(rank, byRank.get(rank), 0, TokenType.NORMAL);
    }
    int reserved = 0;
    for (int i = 0; i < SPECIAL_TOKENS; i++) {
      String named = NAMED.get(i);
      if (named == null && since31 == Since.LLAMA_3_1) {
        named = NAMED_SINCE_3_1.get(i);
      }
      String text = named == null ? "<|reserved_special_token_" + reserved++ + "|>" : named;
      tokens.put(byRank.size() + i, text, 0, TokenType.CONTROL);
    }
    return new GgufVocabulary(
        tokens, new CuttingRules.BytePair("llama-bpe", Optional.empty(), merges()));
  }

  /** Says which special tokens a model has. */
  enum Since {
    LLAMA_3,
    LLAMA_3_1
  }

  /**
   * Returns all pairs of tokens that are a token together, in the order of that token's rank, then
   * of the first one's, then of the second one's: merging by them gives what merging by rank does.
   */
  private List<String> merges() {
    List<String> merges = new ArrayList<>();
    long characters = 0;
    for (String token : byRank) {
      List<Integer> cuts = new ArrayList<>();
      for (int cut = 1; cut < token.length(); cut++) {
        if (ranks.containsKey(token.substring(0, cut)) && ranks.containsKey(token.substring(cut))) {
          cuts.add(cut);
        }
      }
      characters += cuts.size() * (token.length() + 1L);
      if (characters > MOST_MERGE_CHARACTERS) {
        throw new ModelFormatException(
            "the tokenizer's tokens are made of one another in too many ways; their merges would"
                + " have more than "
                + MOST_MERGE_CHARACTERS
                + " characters: "
                + path);
      }
      cuts.sort(
          Comparator.comparing((Integer cut) -> ranks.get(token.substring(0, cut)))
              .thenComparing(cut -> ranks.get(token.substring(cut))));
      cuts.forEach(cut -> merges.add(token.substring(0, cut) + " " + token.substring(cut)));
    }
    return merges;
  }
}
