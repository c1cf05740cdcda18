package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.List;
import java.util.stream.Collectors;

/** Lists the families that can be imported. */
public final class ModelFamilies {
  private static final List<ModelFamily> ALL =
      List.of(
          LlamaFamily.FAMILY,
          Qwen2Family.FAMILY,
          Qwen3Family.FAMILY,
          MixtralFamily.FAMILY,
          Qwen2MoeFamily.FAMILY,
          Qwen3MoeFamily.FAMILY,
          Olmo2Family.FAMILY,
          SmolLm3Family.FAMILY,
          Phi3Family.FAMILY,
          GemmaFamily.FAMILY,
          Gemma2Family.FAMILY,
          Gemma3Family.FAMILY,
          FalconFamily.FAMILY);

  private ModelFamilies() {}

  /**
   * Returns the family that a config.json names.
   *
   * @throws io.sparkllama.engine.api.ModelFormatException where it names none or another one
   */
  public static ModelFamily of(JsonObject config) {
    if (config.has("quantization_config")) {
      throw config.invalid(
          "quantization_config",
          "says that the weights are quantized; import the original checkpoint instead");
    }
    List<String> classes = config.texts("architectures");
    return ALL.stream()
        .filter(family -> classes.stream().anyMatch(family.modelClasses()::contains))
        .findFirst()
        .orElseThrow(
            () ->
                config.invalid(
                    "architectures",
                    "names no model that can be imported (supported: "
                        + supported()
                        + ") but "
                        + (classes.isEmpty() ? "nothing" : String.join(", ", classes))));
  }

  private static String supported() {
    return ALL.stream()
        .flatMap(family -> family.modelClasses().stream())
        .sorted()
        .collect(Collectors.joining(", "));
  }
}
