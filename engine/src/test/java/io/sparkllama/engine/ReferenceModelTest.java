package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the float64 reference against logits that another float64 implementation computed. */
class ReferenceModelTest {
  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories656K", "babyllama105"})
  void agreesWithAnIndependentForwardPass(String name) {
    ReferenceModel model =
        ReferenceModel.of(ModelFile.open(SharedData.path("models/" + name + ".f32.gguf")));
    for (ExpectedCompletions.Case expected : ExpectedCompletions.of(name)) {
      int prompt = expected.promptIds().length;
      int[] ids = Arrays.copyOf(expected.promptIds(), prompt + expected.greedyIds().length);
      System.arraycopy(expected.greedyIds(), 0, ids, prompt, expected.greedyIds().length);
      double[][] logits = model.logits(ids);
      for (int step = 0; step < expected.greedyIds().length; step++) {
        double[] row = logits[prompt + step - 1];
        int best = expected.greedyIds()[step];
        assertThat(FakeModel.argmax(row)).isEqualTo(best);
        // The file rounds to five decimals.
        assertThat(row[best]).isEqualTo(expected.best()[step], within(2e-5));
        assertThat(row[best] - ReferenceModel.logProbability(row, best))
            .isEqualTo(expected.logSumExp()[step], within(2e-5));
      }
    }
  }
}
