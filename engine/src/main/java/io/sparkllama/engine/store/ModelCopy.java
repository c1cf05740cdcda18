package io.sparkllama.engine.store;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Brings the files of a copy by several threads, and hashes them in order on this one: each range
 * when it is there, from the pages that the system still holds.
 */
final class ModelCopy {
  private final IncomingCopy copy;
  private final List<ModelManifest.Entry> files;

  ModelCopy(IncomingCopy copy, List<ModelManifest.Entry> files) {
    this.copy = copy;
    this.files = files;
  }

  /**
   * Brings what is missing. When this returns, the files and their manifest are on the disk; where
   * it throws, what had come stays in the directory, and nothing writes to it any more.
   */
  ModelManifest complete(RangeFetch fetch) throws IOException {
    Arrivals arrivals = new Arrivals(copy.ranges().size());
    ExecutorService threads =
        Executors.newFixedThreadPool(
            fetch.threads(),
            task -> {
              Thread thread = new Thread(task, "model-copy");
              thread.setDaemon(true);
              return thread;
            });
    try (copy) {
      for (int i = 0; i < fetch.threads(); i++) {
        threads.execute(() -> fetch(fetch, arrivals));
      }
      MessageDigest digest = ModelManifest.newDigest();
      for (ModelRange range : copy.ranges()) {
        arrivals.await(range);
        copy.digest(range, digest);
      }
      ModelManifest manifest = new ModelManifest(HexFormat.of().formatHex(digest.digest()), files);
      copy.finish(manifest);
      return manifest;
    } catch (InterruptedException | ClosedByInterruptException e) {
      Thread.currentThread().interrupt();
      throw (IOException)
          new InterruptedIOException("interrupted while the model was copied").initCause(e);
    } finally {
      threads.shutdownNow();
    }
  }

  private void fetch(RangeFetch fetch, Arrivals arrivals) {
    try {
      fetch.run(copy, arrivals);
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      arrivals.fail(e);
    }
  }
}
