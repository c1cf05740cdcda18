package io.sparkllama.engine.fuzz;

import com.sun.management.ThreadMXBean;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * Holds a reader to what is promised of files from outside: each is read, or refused by a {@link
 * ModelFormatException} that names a place in its folder, and memory and time are bounded by the
 * file's size. Anything else is an error.
 */
final class ReaderPromise {
  /** Readers' own buffers, the folder's other files, and exceptions with their traces. */
  private static final long ALLOCATION = 32L << 20;

  /** A token of eight bytes in a file becomes a text, entries of maps and places in a trie. */
  private static final long ALLOCATION_PER_BYTE = 2_000;

  /** Processor time, so that other work on the machine does not count. */
  private static final long NANOSECONDS = 5_000_000_000L;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Reads a file, and uses what it held. */
  interface Reading {
    void read() throws IOException;
  }

  private final Path folder;

  ReaderPromise(Path folder) {
    this.folder = folder;
  }

  /**
   * Reads, on the calling thread. What takes too much is read once more before it counts: the first
   * time, classes are loaded, and a fuzzer instruments them.
   *
   * @param fileBytes the size of the file in question
   * @return whether the file was not refused
   */
  boolean holds(long fileBytes, Reading reading) throws IOException {
    Cost first = new Cost(reading);
    if (!first.isTooMuch(fileBytes)) {
      return first.accepted;
    }
    Cost second = new Cost(reading);
    if (second.isTooMuch(fileBytes)) {
      throw new AssertionError(
          "A file of %d bytes made its reader allocate %d bytes and took it %d ns"
              .formatted(fileBytes, second.allocated, second.time));
    }
    return second.accepted;
  }

  /** Is what one reading took. */
  private final class Cost {
    private final boolean accepted;
    private final long allocated; // bytes
    private final long time; // nanoseconds

    Cost(Reading reading) throws IOException {
      long allocatedBefore = THREADS.getCurrentThreadAllocatedBytes();
      long timeBefore = THREADS.getCurrentThreadCpuTime();
      accepted = accepts(reading);
      allocated = THREADS.getCurrentThreadAllocatedBytes() - allocatedBefore;
      time = THREADS.getCurrentThreadCpuTime() - timeBefore;
    }

    boolean isTooMuch(long fileBytes) {
      return allocated > ALLOCATION + ALLOCATION_PER_BYTE * fileBytes || time > NANOSECONDS;
    }
  }

  private boolean accepts(Reading reading) throws IOException {
    try {
      reading.read();
      return true;
    } catch (ModelFormatException e) {
      if (!String.valueOf(e.getMessage()).contains(folder.toString())) {
        throw new AssertionError("The refusal does not name the file: " + e.getMessage(), e);
      }
      return false;
    }
  }
}
