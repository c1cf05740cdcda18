package io.sparkllama.engine.gguf;

import java.io.Closeable;
import java.io.IOException;
import java.util.Collection;

/** Closes files that belong together, each of them whatever becomes of the others. */
public final class OpenFiles {
  private OpenFiles() {}

  /**
   * Closes all.
   *
   * @throws IOException the first failure, the others suppressed in it
   */
  public static void close(Collection<? extends Closeable> files) throws IOException {
    IOException failure = null;
    for (Closeable file : files) {
      try {
        file.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
