package io.sparkllama.engine;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.ClassifyResult;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.scheduler.Probe;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Measures how probable each label is after a prompt.
 *
 * <p>The prompt runs once and gives the first token of every label; each label that has more then
 * runs the rest in a fork that shares the prompt's KV blocks.
 */
final class ClassifyWork extends Work<ClassifyResult> {
  private final int[] prompt;
  private final int[][] labels; // [labels, tokens of the label with the end token]
  private final Normalization normalization;
  private final double[] logLikelihoods; // [labels]
  private final int[] firstTokens; // distinct, rising
  private final Map<Sequence, Integer> forks = new HashMap<>(); // to the label's index

  /**
   * Takes a prompt and its labels' tokens.
   *
   * @param labels at least one; each at least one token, the end token last where the model has one
   */
  ClassifyWork(int[] prompt, int[][] labels, Normalization normalization) {
    this.prompt = prompt;
    this.labels = labels;
    this.normalization = normalization;
    this.logLikelihoods = new double[labels.length];
    this.firstTokens = Arrays.stream(labels).mapToInt(ids -> ids[0]).sorted().distinct().toArray();
  }

  @Override
  int promptTokens() {
    return prompt.length;
  }

  @Override
  void begin(SequenceOwner owner) {
    int longest = Arrays.stream(labels).mapToInt(ids -> ids.length).max().orElseThrow();
    int positions = prompt.length + longest - 1; // a label's last token is only asked for
    if (longest == 1 ? owner.fits(positions) : owner.fitsForked(prompt.length, positions)) {
      Probe first = new Probe(prompt.length - 1, firstTokens);
      add(Sequence.probing(prompt, List.of(first)), owner);
    } else {
      failTooLarge(positions, owner);
    }
  }

  @Override
  void accept(Sequence sequence, StepResults row, SequenceOwner owner) {
    Integer label = forks.get(sequence);
    if (row.argmax() < 0) {
      failNotNumbers(owner);
    } else if (label == null) {
      acceptPrompt(sequence, row, owner);
    } else {
      logLikelihoods[label] += row.candidateLogProbability(0);
      sequence.answerProbe();
      if (sequence.probesAnswered()) {
        forks.remove(sequence);
        finish(sequence, owner);
        endWhenDone(owner);
      }
    }
  }

  @Override
  ClassifyResult failed(RowError error) {
    return ClassifyResult.failed(prompt.length, error);
  }

  private void acceptPrompt(Sequence sequence, StepResults row, SequenceOwner owner) {
    sequence.answerProbe();
    for (int i = 0; i < labels.length; i++) {
      int[] ids = labels[i];
      logLikelihoods[i] = row.candidateLogProbability(Arrays.binarySearch(firstTokens, ids[0]));
      if (ids.length > 1) {
        Sequence fork = fork(sequence, ids);
        forks.put(fork, i);
        add(fork, owner);
      }
    }
    endWhenDone(owner);
  }

  /** Makes a fork that runs all tokens of a label but the last and asks for each that follows. */
  private static Sequence fork(Sequence prompt, int[] ids) {
    List<Probe> probes = new ArrayList<>(ids.length - 1);
    for (int i = 1; i < ids.length; i++) {
      probes.add(new Probe(prompt.length() + i - 1, new int[] {ids[i]}));
    }
    return Sequence.fork(prompt, Arrays.copyOf(ids, ids.length - 1), probes);
  }

  private void endWhenDone(SequenceOwner owner) {
    if (!forks.isEmpty()) {
      return;
    }
    double[] weights = new double[labels.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < weights.length; i++) {
      int divisor = normalization == Normalization.TOKENS ? labels[i].length : 1;
      weights[i] = logLikelihoods[i] / divisor;
      largest = Math.max(largest, weights[i]); // NaN where one is NaN
    }
    if (!Double.isFinite(largest)) {
      failNotNumbers(owner);
      return;
    }
    complete(softmax(weights, largest), owner);
  }

  private ClassifyResult softmax(double[] weights, double largest) {
    double sum = 0;
    int best = 0;
    double[] probabilities = new double[weights.length];
    for (int i = 0; i < weights.length; i++) {
      probabilities[i] = StrictMath.exp(weights[i] - largest);
      sum += probabilities[i];
      best = weights[i] > weights[best] ? i : best;
    }
    for (int i = 0; i < weights.length; i++) {
      probabilities[i] /= sum;
    }
    return new ClassifyResult(best, probabilities, logLikelihoods, prompt.length, Optional.empty());
  }
}
