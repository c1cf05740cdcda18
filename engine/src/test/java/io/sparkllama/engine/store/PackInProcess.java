package io.sparkllama.engine.store;

import java.nio.file.Path;

/** Opens a packed model, as a process of its own: arguments cache, model. */
final class PackInProcess {
  private PackInProcess() {}

  public static void main(String[] arguments) {
    try (PackedModel packed = PackedModelTest.open(Path.of(arguments[0]), Path.of(arguments[1]))) {
      System.out.println(packed.file());
    }
  }
}
