package io.sparkllama.engine.runner;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Says how a worker process is started and watched.
 *
 * @param executable empty takes the one that came with these classes
 * @param patience how long a step may take at least before it counts as hanging; 20 times the
 *     median step where that is longer
 */
record WorkerSettings(Optional<Path> executable, Duration patience) {
  static WorkerSettings standard() {
    return new WorkerSettings(Optional.empty(), Duration.ofSeconds(60));
  }
}
