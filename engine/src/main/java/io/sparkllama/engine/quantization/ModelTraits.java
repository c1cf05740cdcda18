package io.sparkllama.engine.quantization;

import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufMetadata;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.NumberArray;

/**
 * Says of a model what the choice of types depends on. The model need not be one that runs here:
 * what its metadata does not say counts as ordinary.
 *
 * @param falcon whether it is of the Falcon architecture, which has rules of its own
 * @param layers 0 where the metadata does not say
 * @param groupSize query heads for each KV head
 * @param experts of a layer; 0 where there are none
 * @param tiedEmbedding whether the embedding is the output matrix as well
 */
record ModelTraits(boolean falcon, int layers, int groupSize, int experts, boolean tiedEmbedding) {
  private static final int LAYERS_OF_70B = 80;

  static ModelTraits of(GgufFile file) {
    GgufMetadata metadata = file.metadata();
    String architecture = metadata.optionalString("general.architecture").orElse("");
    int heads = first(metadata, architecture + ".attention.head_count");
    int kvHeads = first(metadata, architecture + ".attention.head_count_kv");
    return new ModelTraits(
        architecture.equals("falcon"),
        first(metadata, architecture + ".block_count"),
        heads < 1 || kvHeads < 1 ? 1 : heads / kvHeads,
        first(metadata, architecture + ".expert_count"),
        file.tensor("output.weight").isEmpty());
  }

  /** Returns whether eight query heads share each value, so that values are few and matter more. */
  boolean isSeventyBillion() {
    return layers == LAYERS_OF_70B && groupSize > 1;
  }

  /** Returns a number, or the first of several where layers differ; 0 where there is none. */
  private static int first(GgufMetadata metadata, String key) {
    MetadataValue value = metadata.value(key).orElse(null);
    if (value instanceof MetadataValue.ArrayValue) {
      return value instanceof NumberArray numbers
              && numbers.elementType().isInteger()
              && numbers.size() > 0
          ? (int) Math.max(0, Math.min(Integer.MAX_VALUE, numbers.longAt(0)))
          : 0;
    }
    return Math.max(0, metadata.optionalInteger(key).orElse(0));
  }
}
