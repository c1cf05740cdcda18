package io.sparkllama.engine.tokenizer;

import io.sparkllama.engine.gguf.GgufMetadata;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Reads which special tokens swallow the whitespace beside them. Files of other makers do not say:
 * of the models that are served, Phi-3's do, whose tokenizer is LLaMA's with tokens added.
 */
final class StripReader {
  /** Ids of tokens, where a file of the project's own says it. */
  private static final String LEFT = "sparkllama.tokenizer.strip_left";

  private static final String RIGHT = "sparkllama.tokenizer.strip_right";

  /** Tokens of Phi-3's that leave whitespace alone; all its others swallow what follows. */
  private static final Set<String> PHI3_PLAIN = Set.of("<unk>", "<s>", "<|endoftext|>");

  private final GgufMetadata metadata;
  private final TokenizerModel model;

  StripReader(GgufMetadata metadata, TokenizerModel model) {
    this.metadata = metadata;
    this.model = model;
  }

  TokenStrips read(List<String> texts, TokenType[] types) {
    BitSet left = new BitSet();
    BitSet right = new BitSet();
    Optional<int[]> givenLeft = metadata.optionalIntArray(LEFT);
    Optional<int[]> givenRight = metadata.optionalIntArray(RIGHT);
    if (givenLeft.isPresent() || givenRight.isPresent()) {
      givenLeft.ifPresent(ids -> set(LEFT, ids, texts.size(), left));
      givenRight.ifPresent(ids -> set(RIGHT, ids, texts.size(), right));
    } else if (isPhi3()) {
      for (int id = 0; id < types.length; id++) {
        boolean cut = types[id] == TokenType.CONTROL || types[id] == TokenType.USER_DEFINED;
        right.set(id, cut && !PHI3_PLAIN.contains(texts.get(id)));
      }
    }
    return new TokenStrips(left, right);
  }

  /** Phi-3 also comes as a file of LLaMA's architecture, which only its name tells. */
  private boolean isPhi3() {
    return model == TokenizerModel.SENTENCE_PIECE
        && (metadata.optionalString("general.architecture").filter("phi3"::equals).isPresent()
            || metadata.optionalString("general.name").filter(StripReader::namesPhi3).isPresent());
  }

  private static boolean namesPhi3(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[ _-]", "").contains("phi3");
  }

  private void set(String key, int[] ids, int size, BitSet into) {
    for (int id : ids) {
      if (id < 0 || id >= size) {
        throw metadata.invalid(key, "names what is no token: " + id + " of " + size);
      }
      into.set(id);
    }
  }
}
