package io.sparkllama.engine.model;

import io.sparkllama.engine.model.ModelConfig.Layer;
import io.sparkllama.engine.model.ModelConfig.RopeLayout;
import java.util.stream.IntStream;

/**
 * Describes SmolLM3: as LLaMA, but every fourth layer does not turn queries and keys. The metadata
 * does not say which: the interval is the same in all of these models.
 */
final class SmolLm3 implements Architecture {
  private static final int INTERVAL = 4;

  @Override
  public String id() {
    return "smollm3";
  }

  @Override
  public ModelConfig config(HyperParameters file) {
    file.refuseWindow();
    ModelConfig plain = file.plain(RopeLayout.ADJACENT);
    return plain.withLayers(
        IntStream.rangeClosed(1, plain.layerCount())
            .mapToObj(number -> new Layer(0, number % INTERVAL == 0 ? Layer.WITHOUT_ROPE : 0))
            .toList());
  }
}
