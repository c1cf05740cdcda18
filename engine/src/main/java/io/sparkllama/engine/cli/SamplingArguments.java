package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  @Option(
      names = "--repetition-penalty",
      paramLabel = "P",
      description =
          "Divide the logits above 0 of tokens of prompt and answer by P, multiply those below"
              + " (default: ${DEFAULT-VALUE}).")
  private double repetitionPenalty = 1;

  @Option(
      names = "--presence-penalty",
      paramLabel = "P",
      description = "Take P from the logits of the answer's tokens (default: ${DEFAULT-VALUE}).")
  private double presencePenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "P",
      description =
          "Take P from the logits of the answer's tokens, once each time that they stand there"
              + " (default: ${DEFAULT-VALUE}).")
  private double frequencyPenalty;

  @Option(
      names = "--logit-bias",
      paramLabel = "ID=NUMBER",
      description = "Add a number to a token's logit; may be given more than once.")
  private Map<Integer, Double> logitBias = new TreeMap<>();

  /**
   * Reads the options for a model.
   *
   * @throws InvalidConfigurationException names what is wrong
   */
  SamplingParams params(ModelFile model) {
    for (int id : logitBias.keySet()) {
      if (id >= model.vocabularySize()) {
        throw new InvalidConfigurationException(
            "--logit-bias must name token ids below the vocabulary's size of "
                + model.vocabularySize()
                + ": "
                + id);
      }
    }
    try {
      return new SamplingParams(
          temperature,
          topK,
          topP,
          minP,
          seed,
          maxTokens,
          stopStrings,
          stopTokens,
          new Penalties(repetitionPenalty, presencePenalty, frequencyPenalty, logitBias));
    } catch (IllegalArgumentException e) {
      throw new InvalidConfigurationException(e.getMessage(), e);
    }
  }
}
