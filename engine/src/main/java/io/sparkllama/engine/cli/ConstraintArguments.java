package io.sparkllama.engine.cli;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Says what a command's answers may be. */
final class ConstraintArguments {
  @Option(
      names = "--regex",
      paramLabel = "EXPRESSION",
      description =
          "Every answer matches this regular expression from end to end (docs/constraints.md).")
  private String regex;

  @Option(
      names = "--choices",
      paramLabel = "TEXT",
      description = "Every answer is this text, or another that the option is given with.")
  private List<String> choices = new ArrayList<>();

  /**
   * Reads the options for a model.
   *
   * @throws InvalidConfigurationException names what is wrong
   */
  Optional<AnswerConstraint> constraint(ModelFile model, SamplingParams sampling) {
    if (regex == null && choices.isEmpty()) {
      return Optional.empty();
    }
    if (regex != null && !choices.isEmpty()) {
      throw new InvalidConfigurationException(
          "--regex and --choices each say what an answer is: leave one out.");
    }
    if (!sampling.stopStrings().isEmpty() || !sampling.stopTokens().isEmpty()) {
      throw new InvalidConfigurationException(
          "--stop and --stop-token would cut what --regex or --choices ask for: leave them out.");
    }
    AnswerConstraint constraint =
        regex != null ? new AnswerConstraint.Regex(regex) : new AnswerConstraint.Choices(choices);
    int fewest = model.fewestTokens(constraint);
    if (fewest > sampling.maxTokens()) {
      throw new InvalidConfigurationException(
          "--max-tokens has no room for any answer that is allowed; the shortest needs: " + fewest);
    }
    return Optional.of(constraint);
  }
}
