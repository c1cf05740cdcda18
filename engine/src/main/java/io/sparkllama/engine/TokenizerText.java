package io.sparkllama.engine;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.tokenizer.IncrementalDetokenizer;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/** Lets a model's own tokenizer turn text into tokens and back. */
record TokenizerText(Tokenizer tokenizer) implements ModelText {
  @Override
  public int[] encodeWithBos(Prompt prompt) {
    // Not the tokenizer's own framing: some files ask for an end token after every text, and a text
    // that is to be continued must not have one.
    int[] ids = tokenizer.encode(prompt);
    if (!tokenizer.vocabulary().rules().addBos()) {
      return ids;
    }
    int bos = tokenizer.bosId().orElseThrow();
    if (ids.length > 0 && ids[0] == bos) {
      return ids;
    }
    int[] framed = new int[ids.length + 1];
    framed[0] = bos;
    System.arraycopy(ids, 0, framed, 1, ids.length);
    return framed;
  }

  @Override
  public Detokenizer detokenizer() {
    IncrementalDetokenizer detokenizer = tokenizer.detokenizer();
    return new Detokenizer() {
      @Override
      public String append(int token) {
        return detokenizer.append(token);
      }

      @Override
      public String finish() {
        return detokenizer.finish();
      }
    };
  }

  @Override
  public Set<Integer> endTokens() {
    return Arrays.stream(tokenizer.endIds()).boxed().collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public int vocabularySize() {
    return tokenizer.vocabulary().size();
  }

  @Override
  public byte[] answerBytes(int token) {
    return switch (tokenizer.vocabulary().type(token)) {
      case NORMAL, USER_DEFINED, BYTE -> tokenizer.tokenBytes(token);
      case UNDEFINED, UNKNOWN, CONTROL, UNUSED -> new byte[0];
    };
  }

  @Override
  public OptionalInt specialToken(String text) {
    int id = tokenizer.vocabulary().specialId(text);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
