package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** Says how a command chooses tokens and when an answer ends. */
final class SamplingArguments {
  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Most tokens of an answer (default: ${DEFAULT-VALUE}).")
  private int maxTokens = 128;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the most probable token (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Keep the K most probable tokens; 0 keeps all (default: ${DEFAULT-VALUE}).")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Keep the fewest tokens whose probability reaches P (default: ${DEFAULT-VALUE}).")
  private double topP = 1;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Drop tokens less probable than P times the most probable (default: ${DEFAULT-VALUE}).")
  private double minP;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "The random generator's seed (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End an answer before this text; may be given more than once.")
  private List<String> stopStrings = new ArrayList<>();

  @Option(
      names = "--stop-token",
      paramLabel = "ID",
      description = "End an answer at this token; may be given more than once.")
  private List<Integer> stopTokens = new ArrayList<>();

  SamplingParams params() {
    try {
      return new SamplingParams(
          temperature, topK, topP, minP, seed, maxTokens, stopStrings, stopTokens);
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationException(e.getMessage(), e);
    }
  }
}
