package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.model.Architectures;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.RopeScaling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds the page of models to the golden checkpoints; {@code -Dsparkllama.update-docs=true} writes
 * its table.
 */
class ModelsPageTest {
  private static final Path PAGE =
      Path.of(System.getProperty("sparkllama.basedir"), "docs", "models.md");
  private static final String BEGIN = "<!-- generated from the golden checkpoints -->\n";
  private static final String END = "<!-- end -->\n";

  @TempDir Path directory;

  @Test
  void tableIsWhatTheTestsVerify() throws IOException {
    String page = Files.readString(PAGE);
    int begin = page.indexOf(BEGIN) + BEGIN.length();
    int end = page.indexOf(END);
    String expected = page.substring(0, begin) + table() + page.substring(end);
    if (Boolean.getBoolean("sparkllama.update-docs")) {
      Files.writeString(PAGE, expected);
      page = expected;
    }
    assertThat(page)
        .as(
            "docs/models.md is stale; write it anew with: mvn -pl engine test"
                + " -Dtest=ModelsPageTest -Dsparkllama.update-docs=true")
        .isEqualTo(expected);
  }

  @Test
  void everyArchitectureIsVerifiedAndNamed() throws IOException {
    assertThat(FamilyModel.all().map(family -> config(family).architecture()))
        .containsAll(Architectures.ids());
    String page = Files.readString(PAGE);
    assertThat(Architectures.ids()).allSatisfy(id -> assertThat(page).contains("| `" + id + "` |"));
  }

  private ModelConfig config(FamilyModel family) {
    return ModelFile.open(family.gguf(directory)).config();
  }

  private String table() {
    String head =
        """
        | checkpoint | GGUF architecture | class in transformers | variants | longest text | largest tolerance |
        |---|---|---|---|---|---|
        """;
    return head + FamilyModel.all().map(this::row).collect(Collectors.joining());
  }

  private String row(FamilyModel family) {
    ModelConfig config = config(family);
    List<FamilyModel.Case> cases = family.cases();
    int longest = cases.stream().mapToInt(each -> each.ids().length).max().orElseThrow();
    double tolerance = cases.stream().mapToDouble(FamilyModel.Case::tolerance).max().orElseThrow();
    return String.format(
        Locale.ROOT,
        "| `%s` | `%s` | `%s` | %s | %d tokens | %.1e |%n",
        family.name(),
        config.architecture(),
        className(family),
        String.join(", ", variants(config)),
        longest,
        tolerance);
  }

  private static String className(FamilyModel family) {
    try {
      return new ObjectMapper()
          .readTree(family.folder().resolve("config.json").toFile())
          .get("architectures")
          .get(0)
          .asText();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Says in what a model differs from the first LLaMA. */
  private static List<String> variants(ModelConfig config) {
    List<String> variants = new ArrayList<>();
    variants.add(name(config.norms().kind()) + " " + name(config.norms().placement()));
    if (config.attention().queryKeyNorm() != ModelConfig.QueryKeyNorm.NONE) {
      variants.add("RMSNorm on Q and K " + name(config.attention().queryKeyNorm()));
    }
    variants.add(name(config.feedForward().activation()));
    if (config.feedForward().place() != ModelConfig.FeedForwardPlace.AFTER_ATTENTION) {
      variants.add("feed-forward network beside attention");
    }
    config
        .feedForward()
        .experts()
        .ifPresent(
            experts ->
                variants.add(
                    "top %d of %d experts, softmax %s"
                            .formatted(experts.used(), experts.count(), name(experts.weighting()))
                        + (config.feedForward().length() > 0 ? ", a shared expert" : "")));
    variants.add("RoPE on " + name(config.rope().layout()));
    for (ModelConfig.RopeTable table : config.rope().tables()) {
      if (!(table.scaling() instanceof RopeScaling.None)) {
        variants.add(name(table.scaling()));
      }
    }
    TreeMap<Integer, Long> windows =
        config.layers().stream()
            .collect(
                Collectors.groupingBy(
                    ModelConfig.Layer::window, TreeMap::new, Collectors.counting()));
    windows.forEach(
        (window, layers) -> {
          if (window > 0) {
            variants.add("a window in " + layers + " of " + config.layerCount() + " layers");
          }
        });
    long without = config.layers().stream().filter(layer -> layer.ropeTable() < 0).count();
    if (without > 0) {
      variants.add("no RoPE in " + without + " of " + config.layerCount() + " layers");
    }
    return variants;
  }

  private static String name(ModelConfig.NormKind kind) {
    return switch (kind) {
      case ROOT_MEAN_SQUARE -> "RMSNorm";
      case STANDARD_DEVIATION -> "LayerNorm";
    };
  }

  private static String name(ModelConfig.NormPlacement placement) {
    return switch (placement) {
      case BEFORE -> "before sublayers";
      case AFTER -> "after sublayers";
      case AROUND -> "before and after sublayers";
    };
  }

  private static String name(ModelConfig.QueryKeyNorm norm) {
    return switch (norm) {
      case NONE -> throw new IllegalArgumentException("there is no norm to name");
      case EACH_HEAD -> "per head";
      case ALL_HEADS -> "over all heads";
    };
  }

  private static String name(ModelConfig.Activation activation) {
    return switch (activation) {
      case SWIGLU -> "SwiGLU";
      case GEGLU -> "GeGLU";
      case GELU -> "GELU without a gate";
    };
  }

  private static String name(ModelConfig.ExpertWeighting weighting) {
    return switch (weighting) {
      case AMONG_ALL -> "over all";
      case AMONG_CHOSEN -> "over the chosen";
    };
  }

  private static String name(ModelConfig.RopeLayout layout) {
    return switch (layout) {
      case ADJACENT -> "adjacent pairs (GPT-J style)";
      case HALVES -> "rotated halves (NeoX style)";
    };
  }

  private static String name(RopeScaling scaling) {
    if (scaling instanceof RopeScaling.Linear) {
      return "linear RoPE scaling";
    }
    if (scaling instanceof RopeScaling.Factors) {
      return "RoPE frequency factors";
    }
    if (scaling instanceof RopeScaling.LongFactors) {
      return "LongRoPE";
    }
    throw new IllegalArgumentException("there is no scaling to name: " + scaling);
  }
}
