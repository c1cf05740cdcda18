package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** Opens runners on the models of the shared data folder; skips the test where there is none. */
final class SharedModel {
  private final GgufFile file;

  private SharedModel(GgufFile file) {
    this.file = file;
  }

  static SharedModel named(String name) {
    return at(path("models/" + name));
  }

  /** Returns a model that lies elsewhere. */
  static SharedModel at(Path path) {
    return new SharedModel(GgufFile.read(path));
  }

  static Path path(String name) {
    Path path = Path.of(System.getProperty("sparkllama.shared", "../shared"), "data").resolve(name);
    Assumptions.assumeTrue(Files.exists(path), () -> "The shared data folder has no " + path);
    return path;
  }

  ModelConfig config() {
    return ModelConfig.of(file);
  }

  List<Adapter> adapters(List<AdapterFile> files) {
    return files.stream().map(adapter -> Adapter.of(adapter, file, config())).toList();
  }

  NativeModelRunner runner(EngineOptions options) {
    return runner(config(), options);
  }

  /** Opens a runner of the model's weights that runs as another configuration says. */
  NativeModelRunner runner(ModelConfig config, EngineOptions options) {
    // Closing it ends only the comparison with its checksums; the runner has its own mapping.
    WeightMap weights = WeightMap.of(file, config);
    try (PackedModel packed =
        PackedModel.open(
            PackedPlace.in(options.cacheDirectory().orElseGet(CacheDirectory::standard), file),
            file,
            PackedPlan.of(config, weights),
            options.nativeDirectory())) {
      return NativeModelRunner.open(config, weights, file.parts(), packed, options);
    }
  }
}
