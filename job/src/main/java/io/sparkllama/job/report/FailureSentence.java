package io.sparkllama.job.report;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkThrowable;

/**
 * Says in a sentence why a job ended: the message of the first exception in the chain that was
 * written for the user, else the innermost sentence of Spark.
 */
public record FailureSentence(Kind kind, String text) {
  private static final int MOST_CAUSES = 50;

  /** A mistake of ours is thrown by our code, or by a library's few frames above it. */
  private static final int FRAMES = 4;

  /** Is what the system says, among lines of Spark's that say only where it was writing. */
  private static final List<String> DISK_IS_FULL =
      List.of("No space left on device", "Disk quota exceeded");

  /** Says what the user does next. */
  public enum Kind {
    /** Corrects configuration, input or model. */
    REFUSED,
    /** Looks after the cluster, memory or disk, and runs the job again. */
    FAILED,
    /** Reports a bug, with the trace. */
    UNEXPECTED
  }

  /** Finds the sentence; executors' exceptions stand in the chain or, as text, in its messages. */
  public static FailureSentence of(Throwable failure) {
    Throwable cause = failure;
    Throwable root = failure;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = cause.getCause()) {
      root = cause;
      if (cause instanceof InvalidConfigurationException || cause instanceof ModelFormatException) {
        return new FailureSentence(Kind.REFUSED, cause.getMessage());
      }
      if (cause instanceof EngineFailedException || cause instanceof InsufficientMemoryException) {
        return new FailureSentence(Kind.FAILED, cause.getMessage());
      }
    }
    Optional<String> full = fullDisk(failure);
    if (full.isPresent()) {
      return new FailureSentence(
          Kind.FAILED,
          "A disk is full; make space, and the same command goes on: "
              + full.get()
              + ": "
              + SparkSentence.of(failure));
    }
    boolean ours = root instanceof RuntimeException && isThrownByThisProject(root);
    if (!ours && (failure instanceof SparkThrowable || failure instanceof IOException)) {
      return new FailureSentence(Kind.FAILED, SparkSentence.of(failure));
    }
    return new FailureSentence(
        Kind.UNEXPECTED, root.getClass().getName() + ": " + SparkSentence.of(root));
  }

  private static Optional<String> fullDisk(Throwable failure) {
    Throwable cause = failure;
    for (int i = 0; cause != null && i < MOST_CAUSES; i++, cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      Optional<String> said = DISK_IS_FULL.stream().filter(message::contains).findFirst();
      if (said.isPresent()) {
        return said;
      }
    }
    return Optional.empty();
  }

  private static boolean isThrownByThisProject(Throwable problem) {
    return Arrays.stream(problem.getStackTrace())
        .limit(FRAMES)
        .anyMatch(frame -> frame.getClassName().startsWith("io.sparkllama."));
  }
}
