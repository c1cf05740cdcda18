package io.sparkllama.engine;

import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.tokenizer.IncrementalDetokenizer;
import io.sparkllama.engine.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;

/** Lets a model's own tokenizer turn text into tokens and back. */
record TokenizerText(Tokenizer tokenizer) implements ModelText {
  @Override
  public int[] encodeWithBos(Prompt prompt) {
    return tokenizer.encodeWithBos(prompt);
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
  public int endOfText() {
    return tokenizer.eosId().orElse(-1);
  }

  @Override
  public int vocabularySize() {
    return tokenizer.vocabulary().size();
  }
}
