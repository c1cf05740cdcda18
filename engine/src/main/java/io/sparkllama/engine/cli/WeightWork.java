package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import io.sparkllama.engine.store.PackedLayout;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Counts the work of a model's matrices: what a bench's shares are shares of.
 *
 * @param layerMultiplyAdds of all layers' matrices for one token
 * @param outputMultiplyAdds of the output matrix for one position whose logits are wanted
 * @param bytesPerStep of all those matrices as packed, which a step reads once whatever its tokens
 */
public record WeightWork(long layerMultiplyAdds, long outputMultiplyAdds, long bytesPerStep) {
  /** Counts the matrices of a model. */
  public static WeightWork of(ModelFile model) {
    WeightMap weights = model.weights();
    TensorInfo output =
        weights
            .optionalTensor(WeightRole.OUTPUT, 0)
            .orElseGet(() -> weights.tensor(WeightRole.TOKEN_EMBEDDING, 0));
    List<TensorInfo> matrices =
        IntStream.range(0, model.config().layerCount())
            .boxed()
            .flatMap(layer -> matrices(weights, layer))
            .toList();
    return new WeightWork(
        matrices.stream().mapToLong(WeightWork::elements).sum(),
        elements(output),
        matrices.stream().mapToLong(WeightWork::packedBytes).sum() + packedBytes(output));
  }

  private static Stream<TensorInfo> matrices(WeightMap weights, int layer) {
    return Stream.of(WeightRole.values())
        .filter(WeightRole::perLayer)
        .flatMap(role -> weights.optionalTensor(role, layer).stream())
        .filter(tensor -> tensor.rows() > 1);
  }

  private static long packedBytes(TensorInfo matrix) {
    return PackedLayout.matrixBytes(matrix.type(), matrix.rows(), matrix.columns());
  }

  private static long elements(TensorInfo tensor) {
    return tensor.rows() * tensor.columns();
  }
}
