package io.sparkllama.engine.quantization;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import java.util.List;
import java.util.Map;

/** Says which type each tensor of a model gets, and what the written file will hold. */
public final class QuantizationPlan {
  /** Of the format's quantized types: their meaning has not changed since. */
  private static final int QUANTIZATION_VERSION = 2;

  /** Describes the file that the values stand in, not the model. */
  private static final String SPLIT_PREFIX = "split.";

  private static final String ALIGNMENT_KEY = "general.alignment";

  private final GgufFile model;
  private final QuantizationRecipe recipe;
  private final List<PlannedTensor> tensors;

  /** Pairs a tensor with the type that it gets, which is its own where it stays. */
  record PlannedTensor(TensorInfo source, QuantizationType type) {
    long elements() {
      return Math.multiplyExact(source.columns(), source.rows());
    }

    long bytes() {
      return bytesOf(type, elements());
    }

    static long bytesOf(QuantizationType type, long elements) {
      return Math.multiplyExact(elements / type.blockSize(), type.blockBytes());
    }
  }

  private QuantizationPlan(GgufFile model, QuantizationRecipe recipe, List<PlannedTensor> tensors) {
    this.model = model;
    this.recipe = recipe;
    this.tensors = tensors;
  }

  /**
   * Plans by the rules of a recipe.
   *
   * @throws ModelFormatException where the file has no tensors, or one that cannot be written
   */
  public static QuantizationPlan of(GgufFile model, QuantizationRecipe recipe) {
    if (model.tensors().isEmpty()) {
      throw new ModelFormatException(
          "the file has no tensors, so that there is nothing to quantize: " + model.parts().get(0));
    }
    Map<String, QuantizationType> types = RecipeTypes.of(recipe, model);
    for (TensorInfo tensor : model.tensors()) {
      if (!tensor.name().chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
        throw new ModelFormatException(
            "a tensor's name is no printable ASCII, which a written file must have: "
                + tensor.name()
                + ": "
                + model.parts().get(tensor.part()));
      }
    }
    return new QuantizationPlan(
        model,
        recipe,
        model.tensors().stream()
            .map(tensor -> new PlannedTensor(tensor, types.get(tensor.name())))
            .toList());
  }

  GgufFile model() {
    return model;
  }

  List<PlannedTensor> tensors() {
    return tensors;
  }

  /** Returns all elements, of the tensors that stay too. */
  public long elements() {
    return tensors.stream().mapToLong(PlannedTensor::elements).sum();
  }

  /** Returns the bytes of all tensors as the model has them. */
  public long sourceBytes() {
    return tensors.stream().mapToLong(tensor -> tensor.source().byteSize()).sum();
  }

  /** Returns the bytes of all tensors as they will be written. */
  public long bytes() {
    return tensors.stream().mapToLong(PlannedTensor::bytes).sum();
  }

  /**
   * Returns whether a tensor that changes its type was quantized before, so that errors add up; one
   * of the original floats gives a better file.
   */
  public boolean requantizes() {
    return tensors.stream()
        .anyMatch(
            tensor ->
                tensor.type() != tensor.source().type() && tensor.source().type().blockSize() > 1);
  }

  /** Returns what the file will say: the model's metadata, and the tensors in its order. */
  GgufContents contents() {
    GgufContents contents = new GgufContents();
    for (String key : model.metadata().keys()) {
      if (!key.startsWith(SPLIT_PREFIX) && !key.equals(ALIGNMENT_KEY)) {
        contents.put(key, model.metadata().value(key).orElseThrow());
      }
    }
    contents.put("general.quantization_version", MetadataValue.ofUint32(QUANTIZATION_VERSION));
    contents.put("general.file_type", MetadataValue.ofUint32(recipe.fileType()));
    for (PlannedTensor tensor : tensors) {
      contents.tensor(tensor.source().name(), tensor.type(), tensor.source().dimensions());
    }
    return contents;
  }
}
