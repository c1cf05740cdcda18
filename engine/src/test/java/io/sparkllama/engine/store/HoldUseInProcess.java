package io.sparkllama.engine.store;

import java.nio.file.Path;

/** Uses a model until it is killed, as a process of its own: arguments cache, name. */
final class HoldUseInProcess {
  private HoldUseInProcess() {}

  public static void main(String[] arguments) throws Exception {
    try (CacheUse use = CacheUse.begin(Path.of(arguments[0]), arguments[1])) {
      System.out.println("using");
      Thread.sleep(600_000);
    }
  }
}
