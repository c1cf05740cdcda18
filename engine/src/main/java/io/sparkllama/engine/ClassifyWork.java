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
 * runs the rest in a fork that shares the prompt's KV blocks. Where the KV cache has no room for a
 * fork beside the prompt, each label runs the prompt again.
 */
final class ClassifyWork extends Work<ClassifyResult> {
  private final int[] prompt;
  private final int[][] labels; // [labels, tokens of the label]
  private final int[] ends; // rising; any of them ends a label
  private final Normalization normalization;
  private final double[] logLikelihoods; // [labels]
  private final int[] firstTokens; // distinct, rising
  private final Map<Sequence, Integer> labelSequences =
      new HashMap<>(); // to the label's index, while they run

  /**
   * Takes a prompt and its labels' tokens.
   *
   * @param labels at least one; each at least one token
   * @param ends ids that end an answer, rising; none where the model has none
   */
  ClassifyWork(int[] prompt, int adapter, int[][] labels, int[] ends, Normalization normalization) {
    super(adapter);
    this.prompt = prompt;
    this.labels = labels;
    this.ends = ends;
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
    int longest = Arrays.stream(labels).mapToInt(this::steps).max().orElseThrow();
    int positions = prompt.length + longest - 1; // a label's last step is only asked for
    if (!owner.fits(positions)) {
      failTooLarge(positions, owner);
    } else if (longest == 1 || owner.fitsForked(prompt.length, positions)) {
      Probe first = new Probe(prompt.length - 1, firstTokens);
      add(Sequence.probing(prompt, List.of(first)), owner);
    } else {
      // Slower, but a row's answer must not depend on how much memory the engine has.
      for (int i = 0; i < labels.length; i++) {
        addLabel(i, whole(labels[i]), owner);
      }
    }
  }

  @Override
  void accept(Sequence sequence, StepResults row, SequenceOwner owner) {
    Integer label = labelSequences.get(sequence);
    if (row.argmax() < 0) {
      failNotNumbers(owner);
    } else if (label == null) {
      acceptPrompt(sequence, row, owner);
    } else {
      Probe probe = sequence.pendingProbe(0);
      logLikelihoods[label] += logProbability(row, probe.candidates().length);
      sequence.answerProbe();
      if (sequence.probesAnswered()) {
        labelSequences.remove(sequence);
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
      if (steps(ids) > 1) {
        addLabel(i, fork(sequence, ids), owner);
      }
    }
    endWhenDone(owner);
  }

  private void addLabel(int label, Sequence sequence, SequenceOwner owner) {
    labelSequences.put(sequence, label);
    add(sequence, owner);
  }

  /** Returns how many times a label asks what comes next: for its tokens, then for its end. */
  private int steps(int[] ids) {
    return ids.length + (ends.length == 0 ? 0 : 1);
  }

  /**
   * Returns the logarithm of the probability of any of a row's candidates: of the only token, or of
   * all that end a label.
   */
  private static double logProbability(StepResults row, int candidates) {
    double largest = row.candidateLogProbability(0);
    for (int i = 1; i < candidates; i++) {
      largest = Math.max(largest, row.candidateLogProbability(i)); // NaN where one is NaN
    }
    if (candidates == 1 || !Double.isFinite(largest)) {
      return largest;
    }
    double sum = 0;
    for (int i = 0; i < candidates; i++) {
      sum += StrictMath.exp(row.candidateLogProbability(i) - largest);
    }
    return largest + StrictMath.log(sum);
  }

  /** Makes a fork that runs all of a label but its last step and asks for each that follows. */
  private Sequence fork(Sequence prompt, int[] ids) {
    return Sequence.fork(
        prompt, Arrays.copyOf(ids, steps(ids) - 1), probes(ids, 1, prompt.length()));
  }

  /** Makes a sequence that runs the prompt too. */
  private Sequence whole(int[] ids) {
    int[] tokens = Arrays.copyOf(prompt, prompt.length + steps(ids) - 1);
    System.arraycopy(ids, 0, tokens, prompt.length, steps(ids) - 1);
    return Sequence.probing(tokens, probes(ids, 0, prompt.length - 1));
  }

  /** Asks for a label's steps from one on, each after the position before it. */
  private List<Probe> probes(int[] ids, int first, int firstPosition) {
    List<Probe> probes = new ArrayList<>(steps(ids) - first);
    for (int i = first; i < steps(ids); i++) {
      int[] candidates = i < ids.length ? new int[] {ids[i]} : ends;
      probes.add(new Probe(firstPosition + i - first, candidates));
    }
    return probes;
  }

  private void endWhenDone(SequenceOwner owner) {
    if (!labelSequences.isEmpty()) {
      return;
    }
    double[] weights = new double[labels.length];
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < weights.length; i++) {
      int divisor = normalization == Normalization.TOKENS ? steps(labels[i]) : 1;
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
