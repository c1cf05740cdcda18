package io.sparkllama.engine;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.AdapterFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Holds a tiny checkpoint with adapters, and what an independent implementation says of them;
 * {@code scripts/adapter_golden.py} made both.
 *
 * @param folder of the adapters
 */
public record AdapterModel(FamilyModel family, Path folder) {
  /** Names of the adapters of each model. */
  public static final List<String> NAMES = List.of("first", "second");

  /** Returns all models. */
  public static Stream<AdapterModel> all() {
    return FamilyModel.all()
        .filter(family -> AdapterModel.class.getResource("/adapter/" + family.name()) != null)
        .map(family -> new AdapterModel(family, folder(family)));
  }

  private static Path folder(FamilyModel family) {
    try {
      return Path.of(AdapterModel.class.getResource("/adapter/" + family.name()).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the adapters as engines open them. */
  public List<AdapterFile> adapters() {
    return NAMES.stream().map(this::adapter).toList();
  }

  /** Returns one adapter, with the scale that is expected. */
  public AdapterFile adapter(String name) {
    try {
      double scale = new ObjectMapper().readTree(golden(name).toFile()).get("scale").asDouble();
      return new AdapterFile(name, folder.resolve(name + ".gguf"), scale);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what is expected with an adapter. */
  public List<FamilyModel.Case> cases(String name) {
    return FamilyModel.cases(golden(name));
  }

  private Path golden(String name) {
    return folder.resolve(name + ".json");
  }

  @Override
  public String toString() {
    return family.name();
  }
}
