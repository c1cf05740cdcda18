package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Says how a worker process is started and watched.
 *
 * @param executable empty takes the one that came with these classes
 * @param device that it opens before anything else
 * @param patience how long a step may take at least before it counts as hanging; 20 times what
 *     earlier steps make it expected to take, where that is longer
 * @param setupPatience what a worker may take to start, to map its weights, to take its memory, to
 *     read an adapter's rows; and for its first step, in which it reads the weights from storage
 */
record WorkerSettings(
    Optional<Path> executable, Device device, Duration patience, Duration setupPatience) {
  private static final Duration SETUP = Duration.ofMinutes(10);

  /** A network's disk that others use, too, gives as much; bytes per second. */
  private static final long SLOW_STORAGE = 20_000_000;

  /**
   * Grants a setup what it is granted at least, or a step, or what slow storage takes for the
   * weights: the longest of these.
   *
   * @param packedBytes of the weights, which the first step reads
   */
  static WorkerSettings of(EngineOptions options, long packedBytes) {
    Duration patience = Duration.ofSeconds(options.isolationTimeout());
    Duration reading = Duration.ofSeconds(packedBytes / SLOW_STORAGE);
    Duration longest = Stream.of(SETUP, patience, reading).max(Duration::compareTo).get();
    return new WorkerSettings(Optional.empty(), options.device(), patience, longest);
  }
}
