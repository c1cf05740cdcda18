package io.sparkllama.engine.store;

import java.nio.file.Path;

/** Localizes one model, as a process of its own: arguments cache, model, marks, SHA-256, range. */
final class LocalizeInProcess {
  private LocalizeInProcess() {}

  public static void main(String[] arguments) throws Exception {
    CountedSource source = new CountedSource(Path.of(arguments[1]), Path.of(arguments[2]));
    ModelManifest.Entry entry =
        new ModelManifest.Entry(
            source.file().getFileName().toString(), source.parts().get(0).length());
    ModelManifest manifest = new ModelManifest(arguments[3], java.util.List.of(entry));
    CopySettings settings =
        new CopySettings(Integer.parseInt(arguments[4]), 5, java.time.Duration.ofMillis(10));
    LocalModel model = new ModelStore(Path.of(arguments[0]), settings).localize(source, manifest);
    System.out.println(model.path());
  }
}
