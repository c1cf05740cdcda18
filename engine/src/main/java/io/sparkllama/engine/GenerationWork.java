package io.sparkllama.engine;

import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Generates the completions of one prompt. Where there are several, the prompt is computed once:
 * all of it but the last token belongs to a sequence that they are forks of.
 *
 * @param <R> what the results are given as
 */
final class GenerationWork<R> extends Work<R> {
  private final int[] prompt;
  private final List<Completion> completions;
  private final Function<List<GenerationResult>, R> results;
  private final Map<Sequence, Completion> growing = new HashMap<>();

  /**
   * Takes a prompt that leaves room for a token.
   *
   * @param completions at least one, within the context with the prompt
   */
  GenerationWork(
      int[] prompt,
      int adapter,
      List<Completion> completions,
      Function<List<GenerationResult>, R> results) {
    super(adapter);
    this.prompt = prompt;
    this.completions = completions;
    this.results = results;
  }

  @Override
  int promptTokens() {
    return prompt.length;
  }

  @Override
  SamplerSettings sampler(Sequence sequence) {
    Completion completion = growing.get(sequence);
    return completion == null ? SamplerSettings.NONE : completion.sampler();
  }

  @Override
  void begin(SequenceOwner owner) {
    // The last token's keys are never needed.
    int positions = prompt.length + completions.get(0).mostTokens() - 1;
    int shared = prompt.length - 1;
    if (!owner.fits(positions)) {
      failTooLarge(positions, owner);
    } else if (completions.size() > 1 && shared > 0 && owner.fitsForked(shared, positions)) {
      Sequence parent = Sequence.probing(Arrays.copyOf(prompt, shared), List.of());
      add(parent, owner);
      int[] last = {prompt[shared]};
      completions.forEach(
          completion -> grow(completion, Sequence.samplingFork(parent, last), owner));
    } else {
      // Slower, but a row's answer must not depend on how much memory the engine has.
      completions.forEach(completion -> grow(completion, Sequence.sampling(prompt), owner));
    }
  }

  private void grow(Completion completion, Sequence sequence, SequenceOwner owner) {
    growing.put(sequence, completion);
    sequence.adjust(completion.sampler().counts().size());
    completion
        .sampler()
        .constrained()
        .ifPresent(answer -> sequence.sampleWhen(() -> owner.hasMask(answer.place())));
    add(sequence, owner);
  }

  @Override
  void accept(Sequence sequence, StepResults row, SequenceOwner owner) {
    int token = row.token();
    if (token < 0) {
      failNotNumbers(owner);
      return;
    }
    Completion completion = growing.get(sequence);
    completion.append(token, row.logProbability());
    if (!completion.hasEnded()) {
      sequence.append(token);
      sequence.adjust(completion.sampler().counts().size());
      return;
    }
    growing.remove(sequence);
    finish(sequence, owner);
    if (growing.isEmpty()) {
      complete(
          results.apply(completions.stream().map(ended -> ended.result(prompt.length)).toList()),
          owner);
    }
  }

  @Override
  R failed(RowError error) {
    return results.apply(
        Collections.nCopies(completions.size(), GenerationResult.failed(prompt.length, error)));
  }
}
