package io.sparkllama.engine.runner;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Opens runners in worker processes: as they are, or with faults planted. */
public final class WorkerRunners {
  private WorkerRunners() {}

  /** Opens a runner in the worker that came with the classes. */
  public static WorkerModelRunner open(ModelFile model, EngineOptions options) {
    long packedBytes = PackedPlan.of(model.config(), model.weights()).length();
    return open(model, options, WorkerSettings.of(options, packedBytes));
  }

  /**
   * Opens a runner in a worker that fails.
   *
   * @param folder where it is put
   * @param faults lines as {@code tests/faulty_worker.cc} reads them
   * @param patience how long a step may take
   * @param setupPatience how long a worker's first step may take, and whatever is no step
   */
  public static WorkerModelRunner faulty(
      ModelFile model,
      EngineOptions options,
      Path folder,
      List<String> faults,
      Duration patience,
      Duration setupPatience)
      throws IOException {
    Path executable = folder.resolve("faulty-worker");
    Files.copy(
        Path.of(System.getProperty("sparkllama.basedir"), "engine/target/native/faulty-worker"),
        executable,
        StandardCopyOption.COPY_ATTRIBUTES);
    Files.write(folder.resolve("faulty-worker.faults"), faults);
    return open(
        model,
        options,
        new WorkerSettings(Optional.of(executable), options.device(), patience, setupPatience));
  }

  /** Returns the number of the runner's process. */
  public static long pid(WorkerModelRunner runner) {
    return runner.pid();
  }

  private static WorkerModelRunner open(
      ModelFile model, EngineOptions options, WorkerSettings settings) {
    try (PackedModel packed =
        PackedModel.open(
            PackedPlace.in(CacheDirectory.standard(), model.gguf()),
            model.gguf(),
            PackedPlan.of(model.config(), model.weights()),
            options.nativeDirectory())) {
      RunnerSetup setup =
          RunnerSetup.of(model.config(), model.weights(), model.gguf().parts(), packed, options);
      return WorkerModelRunner.open(setup, options.nativeDirectory(), settings);
    }
  }
}
