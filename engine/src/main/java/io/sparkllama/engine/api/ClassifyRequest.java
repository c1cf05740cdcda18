package io.sparkllama.engine.api;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Asks how probable each label is as the whole answer to a prompt: the joint log-likelihood of the
 * label's tokens and of the answer's end, softmax over the labels. Whatever token ends a generated
 * answer ends a label too: the end's probability is the sum over all the model's end tokens.
 *
 * @param labels distinct, none empty
 * @param normalization what the log-likelihoods are divided by before the softmax
 * @param adapter the name of one that the engine has; empty takes the model as it is
 */
public record ClassifyRequest(
    Prompt prompt,
    List<String> labels,
    OverlongPolicy overlong,
    Normalization normalization,
    Optional<String> adapter) {

  /**
   * Says what a label's log-likelihood is divided by before the softmax: by nothing, or by its
   * tokens, the end counted as one.
   */
  public enum Normalization {
    NONE,
    TOKENS
  }

  public ClassifyRequest {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(overlong, "overlong");
    Objects.requireNonNull(normalization, "normalization");
    Objects.requireNonNull(adapter, "adapter");
    labels = List.copyOf(labels);
  }

  /** Asks the model as it is. */
  public ClassifyRequest(
      Prompt prompt, List<String> labels, OverlongPolicy overlong, Normalization normalization) {
    this(prompt, labels, overlong, normalization, Optional.empty());
  }

  /** Asks the same of the model with an adapter. */
  public ClassifyRequest withAdapter(Optional<String> name) {
    return new ClassifyRequest(prompt, labels, overlong, normalization, name);
  }
}
