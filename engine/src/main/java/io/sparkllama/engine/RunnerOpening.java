package io.sparkllama.engine;

import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.runner.DeviceRunner;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.runner.NativeModelRunner;
import io.sparkllama.engine.runner.WorkerModelRunner;
import io.sparkllama.engine.store.PackedModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Opens the runner that options ask for: in this process, in a worker process, or there on a GPU.
 *
 * @param device as a worker has just found it; empty for the processor
 */
record RunnerOpening(ModelFile model, EngineOptions options, Optional<DeviceFacts> device) {
  /**
   * Refuses what the device has no memory for, before weights are packed.
   *
   * @throws io.sparkllama.engine.api.InsufficientMemoryException says by part what is needed
   */
  static RunnerOpening of(ModelFile model, EngineOptions options, Optional<DeviceFacts> device) {
    device.ifPresent(found -> model.deviceMemory(options, found));
    return new RunnerOpening(model, options, device);
  }

  /** Opens it, with the options' adapters. */
  ModelRunner open(PackedModel packed) {
    ModelRunner runner = runner(packed);
    try {
      model.adapters(options).forEach(runner::open);
      return runner;
    } catch (RuntimeException | Error e) {
      runner.close();
      throw e;
    }
  }

  private ModelRunner runner(PackedModel packed) {
    List<Path> parts = model.gguf().parts();
    if (device.isPresent()) {
      return DeviceRunner.open(
          model.config(), model.weights(), parts, packed, options, device.get());
    }
    return switch (options.isolation()) {
      case NONE -> NativeModelRunner.open(model.config(), model.weights(), parts, packed, options);
      case PROCESS ->
          WorkerModelRunner.open(model.config(), model.weights(), parts, packed, options);
    };
  }
}
