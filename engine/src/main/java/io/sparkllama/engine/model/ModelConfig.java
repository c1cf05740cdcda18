package io.sparkllama.engine.model;

import io.sparkllama.engine.gguf.GgufFile;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Says what a model is: its hyper-parameters, checked against each other.
 *
 * @param architecture {@code general.architecture}, for example {@code llama}
 * @param contextLength tokens that the model was made for
 * @param embeddingLength width of the residual stream
 * @param layers in order, at least one
 * @param ends what is done before the first layer and after the last
 */
public record ModelConfig(
    String architecture,
    int vocabularySize,
    int contextLength,
    int embeddingLength,
    Attention attention,
    FeedForward feedForward,
    Norms norms,
    Rope rope,
    List<Layer> layers,
    Ends ends) {

  public ModelConfig {
    layers = List.copyOf(layers);
  }

  /**
   * Sizes attention.
   *
   * @param kvHeadCount divides {@code headCount}
   * @param headDimension width of one head
   * @param scale of the products of queries and keys, as float32 rounds it
   * @param softCap that scores stay below in magnitude; 0 for none
   * @param queryKeyNorm what is normalized before it is rotated
   */
  public record Attention(
      int headCount,
      int kvHeadCount,
      int headDimension,
      double scale,
      double softCap,
      QueryKeyNorm queryKeyNorm) {
    /** Makes attention of the usual scale, without a soft cap and without norms. */
    static Attention of(int headCount, int kvHeadCount, int headDimension) {
      return new Attention(
          headCount,
          kvHeadCount,
          headDimension,
          1 / Math.sqrt(headDimension),
          0,
          QueryKeyNorm.NONE);
    }

    Attention with(QueryKeyNorm norm) {
      return new Attention(headCount, kvHeadCount, headDimension, scale, softCap, norm);
    }

    Attention withScale(double value) {
      return new Attention(headCount, kvHeadCount, headDimension, value, softCap, queryKeyNorm);
    }

    Attention withSoftCap(double value) {
      return new Attention(headCount, kvHeadCount, headDimension, scale, value, queryKeyNorm);
    }

    /** Returns the width of all queries of a token. */
    public long queryWidth() {
      return (long) headCount * headDimension;
    }

    /** Returns the width of all keys, or all values, of a token. */
    public long kvWidth() {
      return (long) kvHeadCount * headDimension;
    }
  }

  /** Says what of queries and keys is normalized, each with weights of its own. */
  public enum QueryKeyNorm {
    NONE,
    /** Each head by itself, all with the same weights: [headDimension]. */
    EACH_HEAD,
    /** All heads of a token together: [queryWidth] and [kvWidth]. */
    ALL_HEADS
  }

  /**
   * Says what the feed-forward network of each layer is.
   *
   * @param length the width inside of what all tokens pass: the whole network, or the shared one
   *     beside experts; 0 where there is none of those
   * @param experts where tokens pass a few of many networks, which are gated as LLaMA's are
   */
  public record FeedForward(
      int length, Activation activation, FeedForwardPlace place, Optional<Experts> experts) {
    /** Makes a network that all tokens pass. */
    public FeedForward(int length, Activation activation, FeedForwardPlace place) {
      this(length, activation, place, Optional.empty());
    }

    /** Makes a network as LLaMA has it. */
    static FeedForward of(int length) {
      return new FeedForward(length, Activation.SWIGLU, FeedForwardPlace.AFTER_ATTENTION);
    }

    /** Makes a mixture of experts, beside one that all tokens pass where its length is not 0. */
    static FeedForward of(Experts experts, int sharedLength) {
      return new FeedForward(
          sharedLength, Activation.SWIGLU, FeedForwardPlace.AFTER_ATTENTION, Optional.of(experts));
    }

    FeedForward with(Activation value) {
      return new FeedForward(length, value, place, experts);
    }

    FeedForward with(FeedForwardPlace value) {
      return new FeedForward(length, activation, value, experts);
    }
  }

  /**
   * Sizes a mixture of experts.
   *
   * @param count of each layer
   * @param used by each token, at most {@code count}
   * @param length the width inside of an expert
   * @param weighting of the experts' outputs
   */
  public record Experts(int count, int used, int length, ExpertWeighting weighting) {}

  /**
   * Says which probabilities the outputs of a token's experts are weighted by: the softmax of the
   * router's logits. The order is part of the native contract.
   */
  public enum ExpertWeighting {
    /** Over all experts: those of the chosen ones come to less than one. */
    AMONG_ALL,
    /** Over the chosen experts alone. */
    AMONG_CHOSEN
  }

  /**
   * Says what stands between the matrices of the feed-forward network. The order is part of the
   * native contract.
   */
  public enum Activation {
    /** SiLU of the gate, times up. */
    SWIGLU,
    /** GELU of the gate in its tanh form, times up. */
    GEGLU,
    /** GELU of up, in its exact form: there is no gate. */
    GELU;

    /** Returns whether the network has a gate. */
    public boolean isGated() {
      return this != GELU;
    }
  }

  /** Says what the feed-forward network reads. The order is part of the native contract. */
  public enum FeedForwardPlace {
    /** The residual stream with what attention added to it. */
    AFTER_ATTENTION,
    /** The residual stream as attention reads it. */
    BESIDE_ATTENTION
  }

  /**
   * Says how the residual stream is normalized.
   *
   * @param epsilon added to what is divided by
   * @param placement in each layer, of attention's norms and of the feed-forward network's
   * @param kind of these norms and of the last; those of queries and keys are RMSNorm
   */
  public record Norms(double epsilon, NormPlacement placement, NormKind kind) {}

  /** Says by what a norm divides. The order is part of the native contract. */
  public enum NormKind {
    /** The root of the mean square: RMSNorm. */
    ROOT_MEAN_SQUARE,
    /** The standard deviation, after the mean was subtracted: LayerNorm, with a bias. */
    STANDARD_DEVIATION
  }

  /** Says where the norms of a layer stand. The order is part of the native contract. */
  public enum NormPlacement {
    /** Before attention and before the feed-forward network. */
    BEFORE,
    /** After them, before their outputs are added to the residual stream. */
    AFTER,
    /** Before and after. */
    AROUND
  }

  /**
   * Says how positions turn queries and keys.
   *
   * @param dimension leading elements of a head that are rotated, even
   * @param tables how fast they turn; layers choose among these
   */
  public record Rope(int dimension, RopeLayout layout, List<RopeTable> tables) {
    public Rope {
      tables = List.copyOf(tables);
    }
  }

  /**
   * Says what is done at the ends of the layers.
   *
   * @param embeddingScale of the rows of the token embedding, as float32 rounds it
   * @param logitSoftCap that logits stay below in magnitude; 0 for none
   */
  public record Ends(double embeddingScale, double logitSoftCap) {
    /** Scales and caps nothing. */
    public static final Ends PLAIN = new Ends(1, 0);
  }

  /** Says how fast each pair of elements turns. */
  public record RopeTable(double base, RopeScaling scaling) {}

  /**
   * Says which elements of a head RoPE rotates together. The order is part of the native contract.
   */
  public enum RopeLayout {
    /** Elements 2i and 2i+1, as GGUF stores LLaMA. */
    ADJACENT,
    /** Elements i and i + dimension/2 (NeoX). */
    HALVES
  }

  /**
   * Says in what layers may differ.
   *
   * @param window positions that attention reaches back over, the token's own among them; 0 for all
   * @param ropeTable index into {@link Rope#tables}, or {@link #WITHOUT_ROPE}
   */
  public record Layer(int window, int ropeTable) {
    /** Stands for a layer that does not turn queries and keys. */
    public static final int WITHOUT_ROPE = -1;
  }

  /**
   * Reads the hyper-parameters of a model file.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where the file names an architecture that
   *     does not run, or where a key is missing or its value cannot be right
   */
  public static ModelConfig of(GgufFile file) {
    Architecture architecture = Architectures.of(file.metadata());
    return architecture.config(new HyperParameters(file, architecture.id()));
  }

  public int layerCount() {
    return layers.size();
  }

  ModelConfig with(Attention value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        value,
        feedForward,
        norms,
        rope,
        layers,
        ends);
  }

  ModelConfig with(FeedForward value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        attention,
        value,
        norms,
        rope,
        layers,
        ends);
  }

  ModelConfig with(Norms value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        attention,
        feedForward,
        value,
        rope,
        layers,
        ends);
  }

  ModelConfig with(NormPlacement placement) {
    return with(new Norms(norms.epsilon(), placement, norms.kind()));
  }

  ModelConfig with(Rope value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        attention,
        feedForward,
        norms,
        value,
        layers,
        ends);
  }

  /** Returns the same with other layers: as many as there are. */
  public ModelConfig withLayers(List<Layer> value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        attention,
        feedForward,
        norms,
        rope,
        value,
        ends);
  }

  ModelConfig with(Ends value) {
    return new ModelConfig(
        architecture,
        vocabularySize,
        contextLength,
        embeddingLength,
        attention,
        feedForward,
        norms,
        rope,
        layers,
        value);
  }

  /** Returns the same with a window in every layer; 0 for none. */
  ModelConfig withWindow(int window) {
    return withLayers(Collections.nCopies(layerCount(), new Layer(window, 0)));
  }
}
