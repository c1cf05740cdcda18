package io.sparkllama.engine;

import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.api.ScoreResult;
import io.sparkllama.engine.scheduler.Probe;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Measures how probable a continuation's tokens are. */
final class ScoreWork extends Work<ScoreResult> {
  private final int[] ids;
  private final int contextTokens;
  private final double[] logProbabilities; // [tokens of the continuation]
  private int answered;
  private boolean greedy = true;

  /**
   * Takes a text whose ids from {@code contextTokens} on are scored.
   *
   * @param contextTokens at least 1, unless nothing is scored
   */
  ScoreWork(int[] ids, int adapter, int contextTokens) {
    super(adapter);
    this.ids = ids;
    this.contextTokens = contextTokens;
    this.logProbabilities = new double[ids.length - contextTokens];
  }

  @Override
  int promptTokens() {
    return ids.length;
  }

  @Override
  void begin(SequenceOwner owner) {
    int positions = ids.length - 1; // the last token is only asked for
    if (logProbabilities.length == 0) {
      end(owner);
    } else if (owner.fits(positions)) {
      List<Probe> probes = new ArrayList<>(logProbabilities.length);
      for (int i = contextTokens; i < ids.length; i++) {
        probes.add(new Probe(i - 1, new int[] {ids[i]}));
      }
      add(Sequence.probing(Arrays.copyOf(ids, positions), probes), owner);
    } else {
      failTooLarge(positions, owner);
    }
  }

  @Override
  void accept(Sequence sequence, StepResults row, SequenceOwner owner) {
    float logProbability = row.candidateLogProbability(0);
    if (row.argmax() < 0 || Float.isNaN(logProbability)) {
      failNotNumbers(owner);
      return;
    }
    greedy &= row.argmax() == ids[contextTokens + answered];
    logProbabilities[answered++] = logProbability;
    sequence.answerProbe();
    if (sequence.probesAnswered()) {
      end(owner);
    }
  }

  @Override
  ScoreResult failed(RowError error) {
    return ScoreResult.failed(ids.length, error);
  }

  private void end(SequenceOwner owner) {
    double sum = 0;
    for (double logProbability : logProbabilities) {
      sum += logProbability;
    }
    complete(
        new ScoreResult(
            sum,
            Arrays.copyOfRange(ids, contextTokens, ids.length),
            logProbabilities,
            greedy,
            ids.length,
            Optional.empty()),
        owner);
  }
}
