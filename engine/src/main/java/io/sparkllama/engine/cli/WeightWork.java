package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import io.sparkllama.engine.store.PackedLayout;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Counts the work of a model's matrices: what a bench's shares are shares of.
 *
 * @param layerMultiplyAdds of all layers' matrices that one token passes
 * @param outputMultiplyAdds of the output matrix for one position whose logits are wanted
 * @param commonBytes of the matrices as packed that a step reads once whatever its tokens
 * @param expertBytes of all experts' matrices as packed, of which a step reads those that its
 *     tokens use
 * @param usedShare of the experts, by one token; 0 where there are none
 * @param unusedPerToken elements of the experts that one token does not use
 */
public record WeightWork(
    long layerMultiplyAdds,
    long outputMultiplyAdds,
    long commonBytes,
    long expertBytes,
    double usedShare,
    long unusedPerToken) {
  /** Counts the matrices of a model. */
  public static WeightWork of(ModelFile model) {
    return of(model.config(), model.weights());
  }

  static WeightWork of(ModelConfig config, WeightMap weights) {
    TensorInfo output =
        weights
            .optionalTensor(WeightRole.OUTPUT, 0)
            .orElseGet(() -> weights.tensor(WeightRole.TOKEN_EMBEDDING, 0));
    List<TensorInfo> common = matrices(config, weights, role -> !role.perExpert());
    List<TensorInfo> experts = matrices(config, weights, WeightRole::perExpert);
    double usedShare =
        config.feedForward().experts().map(each -> (double) each.used() / each.count()).orElse(0.0);
    long used = Math.round(elements(experts) * usedShare);
    return new WeightWork(
        elements(common) + used,
        elements(List.of(output)),
        packedBytes(common) + packedBytes(List.of(output)),
        packedBytes(experts),
        usedShare,
        elements(experts) - used);
  }

  /**
   * Returns the bytes that a step of so many tokens reads, each token's experts being any, whatever
   * the others' are.
   */
  public double bytesPerStep(double tokens) {
    return commonBytes + expertBytes * (1 - Math.pow(1 - usedShare, tokens));
  }

  private static List<TensorInfo> matrices(
      ModelConfig config, WeightMap weights, Predicate<WeightRole> kind) {
    List<WeightRole> roles =
        Stream.of(WeightRole.values())
            .filter(role -> role.perLayer() && !role.isVector() && kind.test(role))
            .toList();
    return IntStream.range(0, config.layerCount())
        .boxed()
        .flatMap(layer -> roles.stream().flatMap(role -> weights.tensors(role, layer).stream()))
        .toList();
  }

  private static long packedBytes(List<TensorInfo> matrices) {
    return matrices.stream()
        .mapToLong(one -> PackedLayout.matrixBytes(one.type(), one.rows(), one.columns()))
        .sum();
  }

  private static long elements(List<TensorInfo> matrices) {
    return matrices.stream().mapToLong(one -> one.rows() * one.columns()).sum();
  }
}
