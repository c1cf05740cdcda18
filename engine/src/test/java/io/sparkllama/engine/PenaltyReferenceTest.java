package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds greedy answers under penalties and biases against a float64 forward pass whose logits are
 * changed by the definitions, over the whole vocabulary and from all tokens anew at each.
 */
@Timeout(120)
class PenaltyReferenceTest {
  private static final int TOKENS = 40;

  /** Each must change the answer. */
  private static final List<Penalties> PENALTIES =
      List.of(
          new Penalties(1.5, 0, 0, Map.of()),
          new Penalties(1, 2, 0, Map.of()),
          new Penalties(1, 0, 1.5, Map.of()),
          new Penalties(0.8, -1, 0, Map.of()),
          new Penalties(1.2, 0.5, 0.3, Map.of(13, 6.0, 338, -100.0, 432, -100.0)));

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K"})
  void answersAreThoseOfTheDefinitions(String name) {
    ModelFile file = ModelFile.open(SharedData.path("models/" + name + ".f32.gguf"));
    ReferenceModel reference = ReferenceModel.of(file);
    EngineOptions options = EngineOptions.defaults().withKvCacheType(KvCacheType.F32);
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      for (String text : List.of("Once upon a time", "The dog and the dog and the dog")) {
        int[] plain = complete(engine, text, Penalties.NONE).tokens();
        for (Penalties penalties : PENALTIES) {
          GenerationResult result = complete(engine, text, penalties);
          assertThat(result.tokens()).as("%s", penalties).isNotEqualTo(plain);
          int[] prompt = file.tokenizer().encodeWithBos(Prompt.ofTemplate(text));
          compare(reference, penalties, prompt, result);
        }
      }
    }
  }

  private static GenerationResult complete(LlamaEngine engine, String text, Penalties penalties) {
    return engine
        .generate(
            new GenerationRequest(
                new RowKey(0, 0),
                Prompt.ofTemplate(text),
                SamplingParams.greedy(TOKENS).withPenalties(penalties),
                OverlongPolicy.ERROR))
        .join();
  }

  private static void compare(
      ReferenceModel reference, Penalties penalties, int[] prompt, GenerationResult result) {
    int[] all = Arrays.copyOf(prompt, prompt.length + result.tokens().length);
    System.arraycopy(result.tokens(), 0, all, prompt.length, result.tokens().length);
    double[][] logits = reference.logits(all);
    double logProbability = 0;
    for (int i = 0; i < result.tokens().length; i++) {
      int length = prompt.length + i;
      double[] row = penalized(logits[length - 1], penalties, all, prompt.length, length);
      int token = result.tokens()[i];
      // Where two are as good as one another in float64, rounding to 32 bits chooses.
      assertThat(row[token])
          .as("%s, token %d", penalties, i)
          .isGreaterThanOrEqualTo(row[FakeModel.argmax(row)] - 1e-4);
      logProbability += ReferenceModel.logProbability(row, token);
    }
    assertThat(result.logProbability()).isEqualTo(logProbability, within(1e-3));
  }

  private static double[] penalized(
      double[] logits, Penalties penalties, int[] all, int promptLength, int length) {
    double[] changed = logits.clone();
    penalties.logitBias().forEach((id, bias) -> changed[id] += bias);
    for (int id = 0; id < changed.length; id++) {
      int inPrompt = 0;
      int inAnswer = 0;
      for (int i = 0; i < length; i++) {
        inPrompt += i < promptLength && all[i] == id ? 1 : 0;
        inAnswer += i >= promptLength && all[i] == id ? 1 : 0;
      }
      if (inPrompt + inAnswer > 0) {
        changed[id] =
            changed[id] > 0
                ? changed[id] / penalties.repetition()
                : changed[id] * penalties.repetition();
      }
      changed[id] -= penalties.frequency() * inAnswer;
      changed[id] -= inAnswer > 0 ? penalties.presence() : 0;
    }
    return changed;
  }
}
