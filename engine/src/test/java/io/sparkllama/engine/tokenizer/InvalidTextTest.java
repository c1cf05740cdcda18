package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidTextException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.Prompt.Origin;
import io.sparkllama.engine.api.Prompt.Span;
import io.sparkllama.engine.gguf.MetadataValue;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gives tokenizers text that they cannot express. */
class InvalidTextTest {
  @ParameterizedTest
  @ValueSource(strings = {"ab\uD83E", "ab\uDD99", "ab\uD83Ea", "ab\uDD99\uD83E"})
  void halfOfASurrogatePairIsRefusedWithoutTellingTheText(String text) {
    Tokenizer tokenizer = TestVocabulary.bytePair("a b").tokenizer();
    for (Prompt prompt : List.of(Prompt.ofData(text), Prompt.ofTemplate(text))) {
      assertThatThrownBy(() -> tokenizer.encode(prompt))
          .isInstanceOf(InvalidTextException.class)
          .hasMessageContaining("surrogate")
          .hasMessageContaining("index 2")
          .hasMessageNotContaining("ab");
    }
  }

  @Test
  void aPairThatSpansDivideIsWhole() {
    Tokenizer tokenizer = TestVocabulary.bytePair("a b").tokenizer();
    Prompt divided =
        new Prompt(List.of(new Span("\uD83E", Origin.TEMPLATE), new Span("\uDD99", Origin.DATA)));
    assertThat(tokenizer.encode(divided))
        .isEqualTo(tokenizer.encode(Prompt.ofData("\uD83E\uDD99")))
        .hasSize(4);
  }

  @Test
  void aRunOfUnseenCharactersIsOneUnknownToken() {
    Tokenizer tokenizer = TestVocabulary.sentencePiece("a", "b").tokenizer();
    assertThat(tokenizer.encode(Prompt.ofData("xy\u4e2da\uD83E\uDD99bz")))
        .containsExactly(0, 3, 0, 4, 0);
  }

  @Test
  void unseenCharactersAreRefusedWithoutAnUnknownToken() {
    Tokenizer tokenizer =
        TestVocabulary.sentencePiece("q", "j")
            .with("unknown_token_id", MetadataValue.ofUint32(0xffff_ffffL))
            .tokenizer();
    assertThatThrownBy(() -> tokenizer.encode(Prompt.ofData("qj\uD83E\uDD99q")))
        .isInstanceOf(InvalidTextException.class)
        .hasMessageContaining("U+1F999")
        .hasMessageNotContaining("qj");
  }

  @Test
  void aMissingByteOfAByteLevelVocabularyIsRefused() {
    List<String> tokens = new ArrayList<>(List.of("a", "b", "ab"));
    Tokenizer tokenizer =
        TestVocabulary.bytePair("a b").with("tokens", MetadataValue.ofStrings(tokens)).tokenizer();
    assertThat(tokenizer.encode(Prompt.ofData("ab"))).containsExactly(2);
    assertThatThrownBy(() -> tokenizer.encode(Prompt.ofData("ab\u4e2d")))
        .isInstanceOf(InvalidTextException.class)
        .hasMessageContaining("U+4E2D");
  }
}
