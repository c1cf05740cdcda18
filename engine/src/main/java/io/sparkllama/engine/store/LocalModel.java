package io.sparkllama.engine.store;

import java.nio.file.Path;

/**
 * Points to a model's verified copy on this host.
 *
 * @param path the first (or only) file; the parts of a split model lie beside it
 */
public record LocalModel(Path path, ModelManifest manifest) {}
