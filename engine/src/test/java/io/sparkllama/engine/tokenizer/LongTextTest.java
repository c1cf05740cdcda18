package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.gguf.MetadataValue;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Shows that long documents and unbroken runs end: anything quadratic would take hours here, so the
 * generous time limits only turn that into a failure.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class LongTextTest {
  private static final int MILLION = 1_000_000;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama-spm",
        "llama-bpe",
        "gpt-2",
        "falcon",
        "qwen2",
        "deepseek-coder",
        "starcoder"
      })
  void aRunOfAMillionLettersIsTokenized(String name) {
    Tokenizer tokenizer = SharedTokenizers.vocabulary(name);
    String run = "a".repeat(MILLION);
    int[] ids = tokenizer.encode(Prompt.ofData(run));
    assertThat(tokenizer.decode(ids).strip()).isEqualTo(run);
    // All but the ends of the run repeats one token.
    int[] middle = Arrays.copyOfRange(ids, ids.length / 4, 3 * ids.length / 4);
    assertThat(Arrays.stream(middle).distinct().count()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "\n", "!", "1", "\u4e2d", "\uD83E\uDD99", "<|", "a1", "' "})
  void aRunOfAnythingIsTokenized(String unit) {
    for (String name : new String[] {"llama-spm", "llama-bpe", "deepseek-coder"}) {
      Tokenizer tokenizer = SharedTokenizers.vocabulary(name);
      String run = unit.repeat(MILLION / 5);
      assertThat(tokenizer.decode(tokenizer.encode(Prompt.ofTemplate(run))))
          .isEqualTo((name.equals("llama-spm") ? " " : "") + run);
    }
  }

  @ParameterizedTest
  @EnumSource(PreTokenizer.class)
  void everyScannerCutsAMillionOfAnything(PreTokenizer preTokenizer) {
    String[] units = {
      "a", "A", "aA", "\u4e2dA", "\u0301", "\u0301A", " ", "\n", " \n", "\r\n ", "\u2028", "1",
          "\u0663",
      "!", "!\n", "/", "\n/", "'", "'s", "'l", "$a", "\u200b", "\u4e2d", "\u3000", "\uD83E\uDD99",
          "\u0378"
    };
    for (String unit : units) {
      for (String text :
          new String[] {
            unit.repeat(MILLION), unit.repeat(MILLION) + "1", "\u4e2d" + unit.repeat(MILLION) + "x"
          }) {
        CodePointText points = new CodePointText(text);
        int[] ends = preTokenizer.wordEnds(points);
        assertThat(ends[ends.length - 1]).isEqualTo(points.length());
      }
    }
  }

  @Test
  void aUnigramModelCutsLongRuns() {
    Tokenizer tokenizer =
        TestVocabulary.sentencePiece("a", "b", "ba", "ab", "aa", "bb", "abab", "a".repeat(1024))
            .with("model", MetadataValue.ofString("t5"))
            .with("unknown_token_id", MetadataValue.ofUint32(0))
            .tokenizer();
    assertThat(tokenizer.encode(Prompt.ofData("ab".repeat(MILLION)))).isNotEmpty();
    String run = "a".repeat(MILLION / 5);
    assertThat(tokenizer.decode(tokenizer.encode(Prompt.ofData(run)))).isEqualTo(run);
    assertThat(tokenizer.encode(Prompt.ofData("\u4e2d".repeat(MILLION)))).containsExactly(0);
  }

  @Test
  void tokensThatSwallowWhitespaceSeeItOnce() {
    Tokenizer tokenizer =
        TestVocabulary.sentencePiece("a", "<l>")
            .with("token_type", MetadataValue.ofInt32s(2, 3, 3, 1, 3))
            .withKey("sparkllama.tokenizer.strip_left", MetadataValue.ofInt32s(4))
            .withKey("sparkllama.tokenizer.strip_right", MetadataValue.ofInt32s(4))
            .tokenizer();
    String spaces = " ".repeat(MILLION);
    assertThat(tokenizer.encode(Prompt.ofTemplate(spaces + "<l>" + spaces + "<l>" + spaces)))
        .containsExactly(4, 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-spm", "llama-bpe"})
  void tenMegabytesGiveTheIdsOfTheirParts(String name) throws IOException {
    Tokenizer tokenizer = SharedTokenizers.vocabulary(name);
    String tales = Files.readString(SharedData.path("text/GrimmsFairyTales.txt"));
    String part = tales.substring(tales.indexOf("THE GOLDEN BIRD")).strip() + "\n";
    int times = 10_000_000 / part.length() + 1;
    int[] once = tokenizer.encode(Prompt.ofData(part));
    int[] all = tokenizer.encode(Prompt.ofData(part.repeat(times)));
    // The part begins at a line, so that only its first token can differ in the middle of a text.
    int[] later = tokenizer.encode(Prompt.ofData(part + part));
    int[] again = Arrays.copyOfRange(later, once.length, later.length);
    assertThat(all.length).isEqualTo(once.length + (times - 1) * again.length);
    for (int i = 0; i < times; i++) {
      int from = i == 0 ? 0 : once.length + (i - 1) * again.length;
      int[] expected = i == 0 ? once : again;
      assertThat(Arrays.equals(all, from, from + expected.length, expected, 0, expected.length))
          .isTrue();
    }
  }

  @Test
  void aVocabularyWithoutCutsMergesALongRun() {
    // Every pair of letters occurs in some token, so the whole text is one run of symbols.
    Tokenizer tokenizer =
        TestVocabulary.sentencePiece("a", "b", "ba", "ab", "aa", "bb", "abab").tokenizer();
    int[] ids = tokenizer.encode(Prompt.ofData("ab".repeat(MILLION)));
    assertThat(ids.length).isEqualTo(MILLION / 2);
    assertThat(Arrays.stream(ids).distinct().toArray())
        .isEqualTo(tokenizer.encode(Prompt.ofData("abab")));
  }
}
