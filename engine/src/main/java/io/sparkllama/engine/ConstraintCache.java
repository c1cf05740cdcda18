package io.sparkllama.engine;

import io.sparkllama.engine.api.AnswerConstraint;
import io.sparkllama.engine.constraint.AnswerTokens;
import io.sparkllama.engine.constraint.TokenConstraint;
import java.util.LinkedHashMap;
import java.util.Map;

/** Compiles each constraint once, and keeps those used last. Any number of threads. */
final class ConstraintCache {
  /** A job has one; each may take megabytes. */
  private static final int MOST = 16;

  private final ModelText text;
  private final Map<AnswerConstraint, TokenConstraint> compiled =
      new LinkedHashMap<>(16, 0.75f, true);
  private AnswerTokens tokens; // null until there is a constraint

  ConstraintCache(ModelText text) {
    this.text = text;
  }

  /**
   * Returns a constraint as the model's vocabulary meets it. The first time takes up to a second.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where it is not supported, too
   *     large, or cannot be met
   */
  synchronized TokenConstraint of(AnswerConstraint constraint) {
    TokenConstraint known = compiled.get(constraint);
    if (known != null) {
      return known;
    }
    if (tokens == null) {
      tokens = tokensOf(text);
    }
    TokenConstraint made = TokenConstraint.of(constraint, tokens);
    if (compiled.size() == MOST) {
      compiled.remove(compiled.keySet().iterator().next());
    }
    compiled.put(constraint, made);
    return made;
  }

  /** Takes a vocabulary for constraints. */
  static AnswerTokens tokensOf(ModelText text) {
    return new AnswerTokens(text.vocabularySize(), text::answerBytes, text.endTokens());
  }
}
