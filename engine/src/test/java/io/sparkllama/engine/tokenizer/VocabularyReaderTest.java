package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.tokenizer.PreTokenizerName.Habit;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads sound and damaged vocabularies. */
class VocabularyReaderTest {
  @ParameterizedTest
  @ValueSource(strings = {"scores", "token_type"})
  void arraysOfUnequalLengthAreRefused(String key) {
    for (int length : new int[] {0, 3, 5}) {
      MetadataValue value =
          key.equals("scores")
              ? MetadataValue.ofFloat32s(new float[length])
              : MetadataValue.ofInt32s(new int[length]);
      refuses(TestVocabulary.sentencePiece("a").with(key, value), key, length + " for 4 tokens");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0x41", "<0x4>", "<0x411>", "<0xG1>", "<0x4\uFF11>", "<0X41>", "[0x41]"})
  void byteTokensNotWrittenAsHexadecimalAreRefused(String text) {
    TestVocabulary vocabulary =
        TestVocabulary.sentencePiece(text).with("token_type", MetadataValue.ofInt32s(2, 3, 3, 6));
    refuses(vocabulary, "tokens", "<0xHH>", "index 3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "", " ", "a ", " a", "a qq", "qq a", "a \u0120\u0120"})
  void mergesOfUnknownPartsAreRefused(String merge) {
    TestVocabulary vocabulary =
        TestVocabulary.bytePair("a b").with("merges", MetadataValue.ofStrings(List.of(merge)));
    assertThatThrownBy(vocabulary::tokenizer)
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("merge")
        .hasMessageEndingWith(": test.gguf");
  }

  @Test
  void aMergeIntoASpecialTokenIsIgnored() {
    int[] types = new int[258];
    Arrays.fill(types, 1);
    types[257] = 3;
    Tokenizer tokenizer =
        TestVocabulary.bytePair("a b", "ab c")
            .with("token_type", MetadataValue.ofInt32s(types))
            .tokenizer();
    assertThat(tokenizer.encode(Prompt.ofData("abc")))
        .containsExactly(256, tokenizer.encode(Prompt.ofData("c"))[0]);
    assertThat(tokenizer.encode(Prompt.ofTemplate("abc"))).containsExactly(257);
  }

  @ParameterizedTest
  @CsvSource({
    "unknown_token_id, 4294967295",
    "eos_token_id, 4294967295",
    "eot_token_id, 4",
    "eom_token_id, 99",
    "seperator_token_id, 4294967295"
  })
  void optionalIdsOutsideTheVocabularyCountAsAbsent(String key, long id) {
    SpecialIds ids =
        TestVocabulary.sentencePiece("a")
            .with(key, MetadataValue.ofUint32(id))
            .vocabulary()
            .specialIds();
    assertThat(ids.bos()).hasValue(1);
    assertThat(ids.unknown().isPresent()).isEqualTo(!key.startsWith("unknown"));
    assertThat(ids.eos().isPresent()).isEqualTo(!key.startsWith("eos"));
    assertThat(ids.eot()).isEmpty();
    assertThat(ids.eom()).isEmpty();
  }

  @Test
  void neededIdsOutsideTheVocabularyAreRefused() {
    MetadataValue outside = MetadataValue.ofUint32(4);
    refuses(TestVocabulary.sentencePiece("a").with("bos_token_id", outside), "bos_token_id");
    TestVocabulary ends =
        TestVocabulary.sentencePiece("a").with("add_eos_token", MetadataValue.ofBoolean(true));
    assertThat(ends.tokenizer().encodeWithBos(Prompt.ofData("a"))).containsExactly(1, 3, 2);
    refuses(ends.with("eos_token_id", outside), "eos_token_id", "add_eos_token");
    refuses(
        TestVocabulary.bytePair("a b").with("add_bos_token", MetadataValue.ofBoolean(true)),
        "bos_token_id",
        "add_bos_token");
  }

  @Test
  void aDefaultOutsideTheVocabularyIsRefusedWhereItIsNeeded() {
    TestVocabulary tiny =
        new TestVocabulary()
            .with("model", MetadataValue.ofString("llama"))
            .with("tokens", MetadataValue.ofStrings(List.of("a")))
            .with("scores", MetadataValue.ofFloat32s(0));
    refuses(tiny, "bos_token_id");
    tiny.with("add_bos_token", MetadataValue.ofBoolean(false));
    assertThat(tiny.vocabulary().specialIds().eos()).isEmpty();
  }

  @Test
  void emptyAndDoubleTokensAreAcceptedAndTheLowestIdWins() {
    Tokenizer tokenizer = TestVocabulary.sentencePiece("a", "", "a", "b", "ab", "ab").tokenizer();
    assertThat(tokenizer.encode(Prompt.ofData("ab a"))).startsWith(7).endsWith(3);
    assertThat(tokenizer.tokenBytes(4)).isEmpty();
    TestVocabulary doubled = TestVocabulary.bytePair("a b", "a b");
    assertThat(doubled.tokenizer().encode(Prompt.ofData("ab"))).containsExactly(256);
  }

  @Test
  void whatIsMissingOrOfAnotherKindIsRefused() {
    refuses(TestVocabulary.sentencePiece("a").without("model"), "model");
    refuses(TestVocabulary.sentencePiece("a").without("tokens"), "tokens");
    refuses(TestVocabulary.sentencePiece("a").without("scores"), "scores");
    refuses(TestVocabulary.bytePair("a b").without("merges"), "merges");
    refuses(
        TestVocabulary.sentencePiece("a").with("tokens", MetadataValue.ofStrings(List.of())),
        "tokens");
    refuses(
        TestVocabulary.sentencePiece("a").with("model", MetadataValue.ofString("bert")),
        "model",
        "supported: llama, gpt2, t5");
    refuses(
        TestVocabulary.sentencePiece("a")
            .with("scores", MetadataValue.ofFloat32s(0, 0, Float.NaN, 0)),
        "scores",
        "index 2");
  }

  @Test
  void anUnknownPreTokenizerIsRefusedNamingTheSupportedOnes() {
    refuses(
        TestVocabulary.bytePair("a b").with("pre", MetadataValue.ofString("viking")),
        "tokenizer.ggml.pre",
        "deepseek-coder",
        "falcon",
        "gpt-2",
        "llama-bpe",
        "qwen2",
        "starcoder");
    assertThat(TestVocabulary.bytePair("a b").without("pre").vocabulary().rules().preTokenizer())
        .isEqualTo(PreTokenizer.DEFAULT);
  }

  @Test
  void markersWithARoleBecomeSpecialWhereTheFileSaysOtherwise() {
    TestVocabulary untyped =
        TestVocabulary.sentencePiece("<", "s", ">", "<s", "<|im_end|>", "\n").without("token_type");
    Vocabulary vocabulary = untyped.with("eot_token_id", MetadataValue.ofUint32(8)).vocabulary();
    assertThat(vocabulary.type(1)).isEqualTo(TokenType.CONTROL); // <s>
    assertThat(vocabulary.type(7)).isEqualTo(TokenType.CONTROL); // <|im_end|>
    assertThat(vocabulary.type(8)).isEqualTo(TokenType.NORMAL); // a line break that ends a turn
    assertThat(vocabulary.endIds()).containsExactly(2, 7, 8);
    assertThat(Tokenizers.of(vocabulary).encode(Prompt.ofData("<s>"))).containsExactly(6, 5);
  }

  @Test
  void knownEndsOfTurnsAreSpecialWhateverTheFileCallsThem() {
    int[] types = {2, 3, 3, 4, 1, 4, 1, 1, 4};
    Vocabulary vocabulary =
        TestVocabulary.sentencePiece("<end_of_turn>", "<EOT>", "<eos>", "</s>", "<eos>", "<b>")
            .with("token_type", MetadataValue.ofInt32s(types))
            .vocabulary();
    assertThat(vocabulary.type(3)).isEqualTo(TokenType.CONTROL);
    assertThat(vocabulary.type(4)).isEqualTo(TokenType.CONTROL);
    assertThat(vocabulary.type(5)).isEqualTo(TokenType.CONTROL);
    assertThat(vocabulary.type(6)).isEqualTo(TokenType.NORMAL); // text that looks like HTML
    assertThat(vocabulary.type(7)).isEqualTo(TokenType.NORMAL);
    assertThat(vocabulary.type(8)).isEqualTo(TokenType.USER_DEFINED);
    assertThat(vocabulary.endIds()).containsExactly(2, 3, 4, 5);
    assertThat(vocabulary.specialIds().eot()).hasValue(3);
  }

  @Test
  void specialTokensWithoutBoundAreRefused() {
    String longest = "<" + "x".repeat(1023);
    for (int type : new int[] {3, 4}) {
      MetadataValue types = MetadataValue.ofInt32s(2, 3, 3, type);
      TestVocabulary.sentencePiece(longest).with("token_type", types).vocabulary();
      refuses(
          TestVocabulary.sentencePiece(longest + "x").with("token_type", types),
          "more than 1024 characters",
          "index 3");
    }
    assertThat(TestVocabulary.sentencePiece(longest + "x").vocabulary().size()).isEqualTo(4);
    String[] ends = new String[1024]; // and </s>
    Arrays.fill(ends, "<|im_end|>");
    refuses(TestVocabulary.sentencePiece(ends), "more than 1024 end tokens: 1025");
  }

  @Test
  void aFileOfTheProjectsOwnSaysWhatTheMakerDoes() {
    TestVocabulary named =
        TestVocabulary.bytePair("a b").with("pre", MetadataValue.ofString("qwen2"));
    assertThat(named.vocabulary().rules().words().habits()).containsExactly(Habit.FORM_C);
    assertThat(named.tokenizer().encode(Prompt.ofData("e\u0301"))).hasSize(2);
    named.withKey("sparkllama.tokenizer.habits", MetadataValue.ofStrings(List.of("whole-words")));
    assertThat(named.vocabulary().rules().words().habits()).containsExactly(Habit.WHOLE_WORDS);
    assertThat(named.tokenizer().encode(Prompt.ofData("e\u0301"))).hasSize(3);
    refuses(
        named.withKey("sparkllama.tokenizer.habits", MetadataValue.ofStrings(List.of("form-d"))),
        "names a habit that is not known",
        "whole-words, begin-token, form-c");
  }

  @Test
  void tokensThatSwallowWhitespaceMustBeTokens() {
    for (String key : new String[] {"strip_left", "strip_right"}) {
      for (int id : new int[] {-1, 4}) {
        TestVocabulary vocabulary =
            TestVocabulary.sentencePiece("a")
                .withKey("sparkllama.tokenizer." + key, MetadataValue.ofInt32s(3, id));
        assertThatThrownBy(vocabulary::vocabulary)
            .isInstanceOf(ModelFormatException.class)
            .hasMessageContaining(key)
            .hasMessageContaining(id + " of 4");
      }
    }
  }

  @Test
  void phi3IsKnownByItsArchitectureOrItsName() {
    String[] tokens = {"a", "\u2581", "<|end|>"};
    MetadataValue types = MetadataValue.ofInt32s(2, 3, 3, 1, 1, 3);
    TestVocabulary plain = TestVocabulary.sentencePiece(tokens).with("token_type", types);
    Prompt prompt = Prompt.ofTemplate("<s> a<|end|>  a");
    assertThat(plain.tokenizer().encode(prompt)).containsExactly(1, 4, 3, 5, 4, 4, 3);
    MetadataValue name = MetadataValue.ofString("Phi 3.5 Mini Instruct");
    assertThat(plain.withKey("general.name", name).tokenizer().encode(prompt))
        .containsExactly(1, 4, 3, 5, 3);
    MetadataValue other = MetadataValue.ofString("Dolphin 3");
    assertThat(plain.withKey("general.name", other).tokenizer().encode(prompt))
        .containsExactly(1, 4, 3, 5, 4, 4, 3);
    plain.withKey("general.architecture", MetadataValue.ofString("phi3"));
    assertThat(plain.tokenizer().encode(prompt)).containsExactly(1, 4, 3, 5, 3);
  }

  @Test
  void aUnigramModelNeedsScoresThatAddUpAndTokensOfSomeLength() {
    TestVocabulary unigram =
        TestVocabulary.sentencePiece("a").with("model", MetadataValue.ofString("t5"));
    assertThat(unigram.vocabulary().rules().addEos()).isTrue();
    refuses(unigram.without("scores"), "scores", "is missing");
    unigram.with("scores", MetadataValue.ofFloat32s(0, 0, 0, Float.NEGATIVE_INFINITY));
    refuses(unigram, "scores", "index 3");
    TestVocabulary longest =
        TestVocabulary.sentencePiece("x".repeat(1025)).with("model", MetadataValue.ofString("t5"));
    refuses(longest, "more than 1024 characters", "index 3");
  }

  private static void refuses(TestVocabulary vocabulary, String... parts) {
    assertThatThrownBy(vocabulary::vocabulary)
        .isInstanceOf(ModelFormatException.class)
        .hasMessageContaining("tokenizer.")
        .hasMessageContaining("test.gguf")
        .hasMessageContainingAll(parts);
  }
}
