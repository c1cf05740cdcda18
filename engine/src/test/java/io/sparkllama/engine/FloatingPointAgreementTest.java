package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.ClassifyRequest;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.ScoreRequest;
import io.sparkllama.engine.api.ScoreResult;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds scores and label probabilities against a forward pass in float64. */
@Timeout(120)
class FloatingPointAgreementTest {
  /** What the project promises per token; 32-bit arithmetic stays far below. */
  private static final double PER_TOKEN = 1e-3;

  private static final EngineOptions OPTIONS =
      EngineOptions.defaults().withThreads(2).withKvCacheType(KvCacheType.F32);

  private static final List<String> CONTEXTS =
      List.of("", "Once upon a time", "The dog was very happy because  ", "Lily's mom said, \"");

  private static final List<String> CONTINUATIONS =
      List.of(
          "Once upon a time there was a big box.",
          ", there was a little girl named Lily. She loved to play outside.",
          "it was too high. One day,\nTom went to the park with his ball.",
          "You are very kind.\" The bird flew away");

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K", "babyllama105"})
  void scoresAsFloat64Does(String name) {
    ModelFile model = ModelFile.open(SharedData.path("models/" + name + ".f32.gguf"));
    ReferenceModel reference = ReferenceModel.of(model);
    try (LlamaEngine engine = LlamaEngine.open(model, OPTIONS)) {
      for (int i = 0; i < CONTEXTS.size(); i++) {
        ScoreResult score =
            engine
                .score(
                    new ScoreRequest(
                        Prompt.ofData(CONTEXTS.get(i)), Prompt.ofData(CONTINUATIONS.get(i))))
                .join();
        int[] ids =
            model.tokenizer().encodeWithBos(Prompt.ofData(CONTEXTS.get(i) + CONTINUATIONS.get(i)));
        int context = ids.length - score.tokens().length;
        assertThat(Arrays.copyOfRange(ids, context, ids.length)).isEqualTo(score.tokens());
        assertThat(context).isPositive();
        double[][] logits = reference.logits(ids);
        double sum = 0;
        for (int token = 0; token < score.tokens().length; token++) {
          double expected =
              ReferenceModel.logProbability(logits[context + token - 1], score.tokens()[token]);
          assertThat(score.tokenLogProbabilities()[token]).isEqualTo(expected, within(PER_TOKEN));
          sum += expected;
        }
        assertThat(score.logLikelihood()).isEqualTo(sum, within(PER_TOKEN * score.tokens().length));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K"})
  void classifiesAsFloat64Does(String name) {
    ModelFile model = ModelFile.open(SharedData.path("models/" + name + ".f32.gguf"));
    ReferenceModel reference = ReferenceModel.of(model);
    List<String> labels = List.of("happy", "sad", "very happy", " a", "big and red");
    Prompt prompt = Prompt.ofData("Tom lost his ball:");
    try (LlamaEngine engine = LlamaEngine.open(model, OPTIONS)) {
      ClassifyResult result =
          engine
              .classify(
                  new ClassifyRequest(
                      prompt, labels, OverlongPolicy.ERROR, ClassifyRequest.Normalization.NONE))
              .join();
      int end = model.tokenizer().eosId().orElseThrow();
      int[] context = model.tokenizer().encodeWithBos(prompt);
      double[] expected = new double[labels.size()];
      for (int i = 0; i < expected.length; i++) {
        int[] ids = model.tokenizer().encodeWithBos(Prompt.ofData(prompt.text() + labels.get(i)));
        assertThat(Arrays.copyOf(ids, context.length)).isEqualTo(context);
        int[] all = Arrays.copyOf(ids, ids.length + 1);
        all[ids.length] = end;
        double[][] logits = reference.logits(all);
        for (int token = context.length; token < all.length; token++) {
          expected[i] += ReferenceModel.logProbability(logits[token - 1], all[token]);
        }
        assertThat(result.logLikelihoods()[i])
            .isEqualTo(expected[i], within(PER_TOKEN * (all.length - context.length)));
      }
      double sum = Arrays.stream(expected).map(Math::exp).sum();
      double error = PER_TOKEN * 8; // of each exponent, and once more of their sum
      for (int i = 0; i < expected.length; i++) {
        assertThat(result.probabilities()[i])
            .isEqualTo(Math.exp(expected[i]) / sum, within(2 * error));
      }
    }
  }
}
