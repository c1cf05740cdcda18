package io.sparkllama.engine.store;

import java.nio.file.Path;

/** Tells whether a file's lock is free, as a process of its own: argument file. */
final class TryLockInProcess {
  private TryLockInProcess() {}

  public static void main(String[] arguments) throws Exception {
    boolean free =
        CacheLock.tryAcquire(Path.of(arguments[0]), CacheLock.Mode.EXCLUSIVE).isPresent();
    System.out.println(free ? "free" : "held");
  }
}
