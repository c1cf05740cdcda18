package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Says how a worker process is started and watched.
 *
 * @param executable empty takes the one that came with these classes
 * @param patience how long a step may take at least before it counts as hanging; 20 times what
 *     earlier steps make it expected to take, where that is longer
 * @param setupPatience what a worker may take to start, to map its weights, to take its memory, to
 *     read an adapter's rows; and for its first step, in which it reads the weights from storage
 */
record WorkerSettings(Optional<Path> executable, Duration patience, Duration setupPatience) {
  private static final Duration SETUP = Duration.ofMinutes(10);

  static WorkerSettings of(EngineOptions options) {
    return new WorkerSettings(
        Optional.empty(), Duration.ofSeconds(options.isolationTimeout()), SETUP);
  }
}
