package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;

/** Sets a family's metadata keys from its config.json, and refuses what would not run as meant. */
@FunctionalInterface
public interface MetadataRule {
  void write(JsonObject config, HyperParameters shape, ArchitectureKeys keys);

  /** Returns a rule that does this one's work and then another's. */
  default MetadataRule and(MetadataRule next) {
    return (config, shape, keys) -> {
      write(config, shape, keys);
      next.write(config, shape, keys);
    };
  }
}
