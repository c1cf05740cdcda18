package io.sparkllama.engine;

import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.constraint.ConstrainedAnswer;
import io.sparkllama.engine.constraint.StopCondition;
import java.util.Arrays;
import java.util.Optional;

/** Grows one answer, token by token, until it ends. */
final class Completion {
  private final SamplerSettings sampler;
  private final int mostTokens;
  private final ModelText.Detokenizer detokenizer;
  private final StopCondition stop;
  private final Optional<ReasoningSplitter> reasoning;
  private int[] tokens = new int[16]; // [capacity], the first count are generated
  private int count;
  private double logProbability;
  private FinishReason reason; // null until it has ended

  /**
   * Begins with no token.
   *
   * @param mostTokens at least 1
   * @param detokenizer that gives the marks of thoughts as text, where they are told apart
   */
  Completion(
      SamplerSettings sampler,
      int mostTokens,
      ModelText.Detokenizer detokenizer,
      StopCondition stop,
      Optional<ReasoningSplitter> reasoning) {
    this.sampler = sampler;
    this.mostTokens = mostTokens;
    this.detokenizer = detokenizer;
    this.stop = stop;
    this.reasoning = reasoning;
  }

  SamplerSettings sampler() {
    return sampler;
  }

  /** Returns the tokens that it may have. */
  int mostTokens() {
    return mostTokens;
  }

  /** Takes the next token. */
  void append(int token, double tokenLogProbability) {
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, count * 2);
    }
    tokens[count++] = token;
    logProbability += tokenLogProbability;
    if (stop.endsAt(token)) {
      finishText();
      reason = FinishReason.STOP;
    } else if (stop.append(answerPart(detokenizer.append(token)))) {
      reason = FinishReason.STOP;
    } else if (sampler.constrained().isPresent()) {
      reason = reasonOf(sampler.constrained().get().append(token));
    } else if (count == mostTokens) {
      reason = finishText() ? FinishReason.STOP : FinishReason.LENGTH;
    }
    if (reason == null) {
      sampler.counts().add(token);
    }
  }

  /** Returns why an answer ends, null where it does not: it is whole whenever it ends. */
  private static FinishReason reasonOf(ConstrainedAnswer.Progress progress) {
    return switch (progress) {
      case GOES_ON -> null;
      case COMPLETE -> FinishReason.STOP;
      case OUT_OF_ROOM -> FinishReason.LENGTH;
    };
  }

  boolean hasEnded() {
    return reason != null;
  }

  /** Returns what it came to; it must have ended. */
  GenerationResult result(int promptTokens) {
    return new GenerationResult(
        stop.text(),
        reasoning.flatMap(ReasoningSplitter::reasoning),
        Arrays.copyOf(tokens, count),
        reason,
        promptTokens,
        logProbability,
        Optional.empty());
  }

  /** Returns what of a piece is answer: stop strings count in that alone. */
  private String answerPart(String piece) {
    return reasoning.isPresent() ? reasoning.get().append(piece) : piece;
  }

  private boolean finishText() {
    String rest = answerPart(detokenizer.finish());
    return stop.append(rest + reasoning.map(ReasoningSplitter::finish).orElse(""));
  }
}
