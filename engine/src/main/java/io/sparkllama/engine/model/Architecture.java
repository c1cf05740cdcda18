package io.sparkllama.engine.model;

/**
 * Describes a kind of model: what its metadata says, which variants of the operations it uses, and
 * which tensors hold its weights. Each is a file of its own, listed in {@link Architectures}.
 */
interface Architecture {
  /** Returns the name that {@code general.architecture} has, which metadata keys begin with. */
  String id();

  /**
   * Reads what a model is.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the metadata cannot be right, or
   *     asks for what the forward pass does not do
   */
  ModelConfig config(HyperParameters file);

  /** Says where the weights are: as {@link WeightList#of} has them, unless overridden. */
  default WeightList weights(ModelConfig config) {
    return WeightList.of(config);
  }
}
