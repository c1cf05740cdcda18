package io.sparkllama.engine;

import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.constraint.StopCondition;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.Arrays;
import java.util.Optional;

/** Generates one completion. */
final class GenerationWork extends Work<GenerationResult> {
  private final int[] prompt;
  private final SamplerSettings sampler;
  private final int mostTokens;
  private final ModelText.Detokenizer detokenizer;
  private final StopCondition stop;
  private final Optional<ReasoningSplitter> reasoning;
  private int[] tokens = new int[16]; // [capacity], the first count are generated
  private int count;
  private double logProbability;

  /**
   * Takes a prompt that leaves room for a token.
   *
   * @param mostTokens at least 1; within the context
   * @param detokenizer that gives the marks of thoughts as text, where they are told apart
   */
  GenerationWork(
      int[] prompt,
      SamplerSettings sampler,
      int mostTokens,
      ModelText.Detokenizer detokenizer,
      StopCondition stop,
      Optional<ReasoningSplitter> reasoning) {
    this.prompt = prompt;
    this.sampler = sampler;
    this.mostTokens = mostTokens;
    this.detokenizer = detokenizer;
    this.stop = stop;
    this.reasoning = reasoning;
  }

  @Override
  int promptTokens() {
    return prompt.length;
  }

  @Override
  SamplerSettings sampler() {
    return sampler;
  }

  @Override
  void begin(SequenceOwner owner) {
    int positions = prompt.length + mostTokens - 1; // the last token's keys are never needed
    if (owner.fits(positions)) {
      Sequence sequence = Sequence.sampling(prompt);
      sequence.adjust(sampler.counts().size());
      add(sequence, owner);
    } else {
      failTooLarge(positions, owner);
    }
  }

  @Override
  void accept(Sequence sequence, StepResults row, SequenceOwner owner) {
    int token = row.token();
    if (token < 0) {
      failNotNumbers(owner);
      return;
    }
    if (count == tokens.length) {
      tokens = Arrays.copyOf(tokens, count * 2);
    }
    tokens[count++] = token;
    logProbability += row.logProbability();
    if (stop.endsAt(token)) {
      finishText();
      end(FinishReason.STOP, owner);
    } else if (stop.append(answerPart(detokenizer.append(token)))) {
      end(FinishReason.STOP, owner);
    } else if (count == mostTokens) {
      end(finishText() ? FinishReason.STOP : FinishReason.LENGTH, owner);
    } else {
      sequence.append(token);
      sampler.counts().add(token);
      sequence.adjust(sampler.counts().size());
    }
  }

  /** Returns what of a piece is answer: stop strings count in that alone. */
  private String answerPart(String piece) {
    return reasoning.isPresent() ? reasoning.get().append(piece) : piece;
  }

  private boolean finishText() {
    String rest = answerPart(detokenizer.finish());
    return stop.append(rest + reasoning.map(ReasoningSplitter::finish).orElse(""));
  }

  @Override
  GenerationResult failed(RowError error) {
    return GenerationResult.failed(prompt.length, error);
  }

  private void end(FinishReason reason, SequenceOwner owner) {
    complete(
        new GenerationResult(
            stop.text(),
            reasoning.flatMap(ReasoningSplitter::reasoning),
            Arrays.copyOf(tokens, count),
            reason,
            prompt.length,
            logProbability,
            Optional.empty()),
        owner);
  }
}
