package io.sparkllama.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.Prompt;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
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
