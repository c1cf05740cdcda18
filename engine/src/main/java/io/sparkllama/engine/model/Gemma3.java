package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.Attention;
import io.sparkllama.engine.model.ModelConfig.Ends;
import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.NormPlacement;
import io.sparkllama.engine.model.ModelConfig.QueryKeyNorm;
import io.sparkllama.engine.model.ModelConfig.Rope;
import io.sparkllama.engine.model.ModelConfig.RopeTable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Describes the text part of Gemma 3: as Gemma 2, with RMSNorm on each head of Q and K instead of
 * the cap on scores. Of six layers five have a window, and a RoPE of their own, which is not
 * scaled.
 */
final class Gemma3 implements Architecture {
  private static final int PERIOD = 6;
  private static final int LARGEST = 62;
  private static final double WINDOW_ROPE_BASE = 10_000;

  @Override
  public String id() {
    return "gemma3";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    ModelConfig common = Gemma.common(file);
    Attention attention =
        common
            .attention()
            .with(QueryKeyNorm.EACH_HEAD)
            .withScale(Gemma.attentionScale(file, common, LARGEST));
    ModelConfig config =
        common
            .with(attention)
            .with(NormPlacement.AROUND)
            .with(
                new Ends(
                    common.ends().embeddingScale(), file.softCap("final_logit_softcapping", 0)));
    return file.window() == 0 ? config : withWindows(config, file);
  }

  private static ModelConfig withWindows(ModelConfig config, HyperParameters file) {
    int period = file.windowPeriod(PERIOD);
    Layer whole = new Layer(0, 0);
    Layer windowed = new Layer(file.window(), 1);
    RopeTable table = new RopeTable(file.windowRopeBase(WINDOW_ROPE_BASE), new RopeScaling.None());
    Rope rope = config.rope();
    return config
        .with(new Rope(rope.dimension(), rope.layout(), List.of(rope.tables().get(0), table)))
        .withLayers(
            IntStream.rangeClosed(1, config.layerCount())
                .mapToObj(number -> number % period == 0 ? whole : windowed)
                .toList());
  }
}
