package io.sparkllama.engine.model;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufMetadata;
import java.util.List;
import java.util.stream.Collectors;

/** Lists the kinds of models that run. */
public final class Architectures {
  private static final String KEY = "general.architecture";

  private static final List<Architecture> ALL =
      List.of(
          new Llama(),
          new Qwen2(),
          new Qwen3(),
          new Olmo2(),
          new SmolLm3(),
          new Phi3(),
          new Qwen2Moe(),
          new Qwen3Moe(),
          new Gemma(),
          new Gemma2(),
          new Gemma3(),
          new Falcon());

  private Architectures() {}

  /** Returns the names that {@code general.architecture} may have. */
  public static List<String> ids() {
    return ALL.stream().map(Architecture::id).toList();
  }

  /**
   * Returns the architecture that the metadata names.
   *
   * @throws ModelFormatException where it names none or one that does not run
   */
  static Architecture of(GgufMetadata metadata) {
    String id = metadata.string(KEY);
    return ALL.stream()
        .filter(architecture -> architecture.id().equals(id))
        .findFirst()
        .orElseThrow(() -> unsupported(metadata, id));
  }

  private static ModelFormatException unsupported(GgufMetadata metadata, String id) {
    String supported = ids().stream().collect(Collectors.joining(", "));
    return metadata.invalid(
        KEY, "names " + id + ", which is not supported (supported: " + supported + ")");
  }
}
