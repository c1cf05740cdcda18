package io.sparkllama.job;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.ConfigKey;
import io.sparkllama.job.config.ConfigValues;
import io.sparkllama.job.config.GenerationKeys;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.OverlongPrompt;
import java.util.List;
import java.util.Optional;

/** Reads from a job file what completions may be. */
final class ConstraintKeys {
  private ConstraintKeys() {}

  /**
   * Returns the job's constraint, if it has one.
   *
   * @throws InvalidConfigurationException for one that is not supported, or keys that do not go
   *     together
   */
  static Optional<AnswerConstraint> constraint(ConfigValues values) {
    Optional<AnswerConstraint> regex =
        values.optional(GenerationKeys.REGEX).map(AnswerConstraint.Regex::new);
    Optional<AnswerConstraint> choices =
        values.optional(GenerationKeys.CHOICES).map(AnswerConstraint.Choices::new);
    if (regex.isPresent() && choices.isPresent()) {
      throw new InvalidConfigurationException(
          "generation.regex and generation.choices each say what a completion is: leave one out.");
    }
    Optional<AnswerConstraint> constraint = regex.or(() -> choices);
    if (constraint.isPresent()) {
      refuseBeside(values, key(constraint.get()));
      check(constraint.get());
    }
    return constraint;
  }

  /**
   * Returns the tokens of the shortest completion that a constraint allows; refuses one that no
   * completion of the job could keep.
   *
   * @param mostTokens of a completion
   */
  static int fewestTokens(AnswerConstraint constraint, ModelFile model, int mostTokens) {
    int fewest;
    try {
      fewest = model.fewestTokens(constraint);
    } catch (InvalidConfigurationException refused) {
      throw named(constraint, refused);
    }
    if (fewest > mostTokens) {
      throw new InvalidConfigurationException(
          "generation.max-tokens has no room for any text that "
              + key(constraint)
              + " allows; raise it, or allow shorter ones: "
              + mostTokens
              + " tokens, the shortest needs "
              + fewest);
    }
    return fewest;
  }

  private static void refuseBeside(ConfigValues values, String key) {
    for (ConfigKey<?> other : List.of(GenerationKeys.STOP, GenerationKeys.STOP_TOKENS)) {
      if (values.names(other)) {
        throw new InvalidConfigurationException(
            other.path() + " would cut what " + key + " asks for: leave it out.");
      }
    }
    if (values.value(JobKeys.PROMPT_OVERLONG) == OverlongPrompt.SPLIT) {
      throw new InvalidConfigurationException(
          "prompt.overlong = split joins several answers, which "
              + key
              + " does not speak of: set it to error, or to one of the ways to truncate.");
    }
  }

  private static void check(AnswerConstraint constraint) {
    try {
      ModelFile.check(constraint);
    } catch (InvalidConfigurationException refused) {
      throw named(constraint, refused);
    }
  }

  private static InvalidConfigurationException named(
      AnswerConstraint constraint, InvalidConfigurationException refused) {
    return new InvalidConfigurationException(
        key(constraint) + ": " + refused.getMessage(), refused);
  }

  private static String key(AnswerConstraint constraint) {
    return constraint instanceof AnswerConstraint.Regex
        ? GenerationKeys.REGEX.path()
        : GenerationKeys.CHOICES.path();
  }
}
