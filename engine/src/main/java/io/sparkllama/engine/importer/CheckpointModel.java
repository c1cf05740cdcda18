package io.sparkllama.engine.importer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.importer.checkpoint.HuggingFaceFiles;
import io.sparkllama.engine.importer.checkpoint.MetaFiles;
import io.sparkllama.engine.importer.checkpoint.Weights;
import io.sparkllama.engine.importer.family.HyperParameters;
import io.sparkllama.engine.importer.family.MetaFamily;
import io.sparkllama.engine.importer.family.ModelFamilies;
import io.sparkllama.engine.importer.family.ModelFamily;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Is a checkpoint's directory, opened and known for what it is.
 *
 * @param config config.json, or what stands for it
 */
record CheckpointModel(
    Path directory, ModelFamily family, JsonObject config, HyperParameters shape, Weights weights)
    implements Closeable {

  /**
   * Opens a directory; the caller closes.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where it holds no model that can be
   *     imported
   */
  static CheckpointModel open(Path directory) throws IOException {
    Path config = directory.resolve("config.json");
    Path parameters = directory.resolve("params.json");
    if (Files.exists(config)) {
      return huggingFace(directory, JsonObject.read(config));
    }
    if (Files.exists(parameters)) {
      return meta(directory, JsonObject.read(parameters));
    }
    throw new ModelFormatException(
        "the directory is no checkpoint that can be imported; there must be config.json, as Hugging"
            + " Face has it, or params.json, as Meta has it: "
            + directory);
  }

  private static CheckpointModel huggingFace(Path directory, JsonObject config) throws IOException {
    ModelFamily family = ModelFamilies.of(config);
    HyperParameters shape = family.shape().apply(config);
    return new CheckpointModel(directory, family, config, shape, HuggingFaceFiles.open(directory));
  }

  private static CheckpointModel meta(Path directory, JsonObject parameters) throws IOException {
    Weights weights = MetaFiles.open(directory);
    try {
      JsonObject config = MetaParameters.asConfig(parameters, weights);
      HyperParameters shape = HyperParameters.of(config);
      return new CheckpointModel(directory, MetaFamily.FAMILY, config, shape, weights);
    } catch (ModelFormatException e) {
      try (weights) {
        throw e;
      }
    }
  }

  @Override
  public void close() throws IOException {
    weights.close();
  }
}
