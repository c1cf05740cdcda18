package io.sparkllama.engine.importer;

import io.sparkllama.engine.importer.checkpoint.HuggingFaceFiles;
import io.sparkllama.engine.importer.checkpoint.Weights;
import io.sparkllama.engine.importer.family.HyperParameters;
import io.sparkllama.engine.importer.family.ModelFamilies;
import io.sparkllama.engine.importer.family.ModelFamily;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.Closeable;
import java.io.IOException;
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
    JsonObject config = JsonObject.read(directory.resolve("config.json"));
    ModelFamily family = ModelFamilies.of(config);
    HyperParameters shape = family.shape().apply(config);
    return new CheckpointModel(directory, family, config, shape, HuggingFaceFiles.open(directory));
  }

  @Override
  public void close() throws IOException {
    weights.close();
  }
}
