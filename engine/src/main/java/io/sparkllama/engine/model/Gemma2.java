package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.Attention;
import io.sparkllama.engine.model.ModelConfig.Ends;
import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import java.util.stream.IntStream;

/**
 * Describes Gemma 2: as Gemma, with norms around attention and around the feed-forward network,
 * soft caps on scores and logits, and a window in every second layer.
 */
final class Gemma2 implements Architecture {
  private static final int PERIOD = 2;
  private static final int WINDOW = 4096;
  private static final int LARGEST = 46;
  private static final double SCORE_CAP = 50;
  private static final double LOGIT_CAP = 30;

  @Override
  public String id() {
    return "gemma2";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    ModelConfig common = Gemma.common(file);
    Attention attention =
        common
            .attention()
            .withScale(Gemma.attentionScale(file, common, LARGEST))
            .withSoftCap(file.softCap("attn_logit_softcapping", SCORE_CAP));
    int window = file.window(WINDOW);
    int period = file.windowPeriod(PERIOD);
    return common
        .with(attention)
        .with(NormPlacement.AROUND)
        .with(
            new Ends(
                common.ends().embeddingScale(), file.softCap("final_logit_softcapping", LOGIT_CAP)))
        .withLayers(
            IntStream.rangeClosed(1, common.layerCount())
                .mapToObj(number -> new Layer(number % period == 0 ? 0 : window, 0))
                .toList());
  }
}
