package io.sparkllama.engine.store;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Gives every weight of a model its place in the packed file: layer by layer, as a forward pass
 * reads them. Needs no native code and reads no weights.
 *
 * @param length of the whole file in bytes
 */
public record PackedPlan(List<PackedTensor> tensors, long length) {
  /** Packed bytes of 16 rows at most: rows of two million columns, far beyond any model's. */
  private static final long MOST_PANEL_BYTES = 128 << 20;

  public PackedPlan {
    tensors = List.copyOf(tensors);
  }

  private record Weight(WeightRole role, int layer, int expert, TensorInfo source) {
    boolean isVector() {
      return role.isVector();
    }

    QuantizationType type() {
      return isVector() ? QuantizationType.F32 : source.type();
    }

    long bytes() {
      return isVector()
          ? source.columns() * Float.BYTES
          : PackedLayout.matrixBytes(source.type(), source.rows(), source.columns());
    }
  }

  /** Refuses rows of which not even one panel should be taken into memory. */
  static void requirePackable(TensorInfo source) {
    if (source.columns() > MOST_PANEL_BYTES / (PackedLayout.PANEL_ROWS * Float.BYTES)) {
      throw new ModelFormatException(
          "the rows of tensor %s are too long for any model: %d columns"
              .formatted(source.name(), source.columns()));
    }
  }

  /** Places the weights. The factors of RoPE have none: they are in its frequencies already. */
  public static PackedPlan of(ModelConfig config, WeightMap weights) {
    List<Weight> ordered = ordered(config, weights);
    long dataBytes = 0;
    for (Weight weight : ordered) {
      requirePackable(weight.source());
      dataBytes = Math.addExact(PackedLayout.aligned(dataBytes), weight.bytes());
    }
    List<PackedTensor> placed = new ArrayList<>();
    long offset = PackedHeader.bytes(dataBytes);
    for (Weight weight : ordered) {
      offset = PackedLayout.aligned(offset);
      placed.add(
          new PackedTensor(
              weight.role(),
              weight.layer(),
              weight.expert(),
              weight.source(),
              weight.type(),
              weight.isVector() ? 1 : weight.source().rows(),
              weight.source().columns(),
              offset,
              weight.bytes()));
      offset += weight.bytes();
    }
    return new PackedPlan(placed, offset);
  }

  /** Returns where the data begins, after the header. */
  long dataOffset() {
    return tensors.get(0).offset();
  }

  private static List<Weight> ordered(ModelConfig config, WeightMap weights) {
    List<Weight> ordered = new ArrayList<>();
    add(ordered, weights, WeightRole.TOKEN_EMBEDDING, 0);
    List<WeightRole> roles =
        Stream.of(WeightRole.values()).filter(WeightRole::perLayer).sorted().toList();
    for (int layer = 0; layer < config.layerCount(); layer++) {
      for (WeightRole role : roles) {
        add(ordered, weights, role, layer);
      }
    }
    add(ordered, weights, WeightRole.OUTPUT_NORM, 0);
    add(ordered, weights, WeightRole.OUTPUT_NORM_BIAS, 0);
    add(ordered, weights, WeightRole.OUTPUT, 0);
    return ordered;
  }

  private static void add(List<Weight> to, WeightMap weights, WeightRole role, int layer) {
    List<TensorInfo> tensors = weights.tensors(role, layer);
    for (int expert = 0; expert < tensors.size(); expert++) {
      to.add(new Weight(role, layer, expert, tensors.get(expert)));
    }
  }
}
