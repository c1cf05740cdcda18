package io.sparkllama.job.prediction;

import java.util.List;

/**
 * Tells how many rows an engine answers in a second while as many as it takes are under way, and
 * how long any number of them takes.
 *
 * <p>A row's work is spread evenly over the time that it was under way: rows that start together
 * also end together, and counting ends would measure the waves. The time after the last row's start
 * is left out, when the batch runs empty; and so is the first round, when it fills, where enough is
 * left.
 *
 * @param seconds that the trial's rows took, from the first one's start to the last one's end
 * @param perSecond rows
 */
record TrialPace(int rows, double seconds, Estimate perSecond) {
  private static final int SLICES = 8;

  /** No interval is wider: a pace of less than none would mean a time without end. */
  private static final double MOST_OFF = 4;

  /**
   * Measures a trial.
   *
   * @param answers all that were started, at least one
   */
  static TrialPace of(List<TrialAnswer> answers, int concurrency) {
    double begin = answers.stream().mapToDouble(TrialAnswer::start).min().orElseThrow();
    double end = answers.stream().mapToDouble(TrialAnswer::end).max().orElseThrow();
    double drains = answers.stream().mapToDouble(TrialAnswer::start).max().orElseThrow();
    double seconds = Math.max(end - begin, Double.MIN_NORMAL);
    if (answers.size() <= concurrency || drains <= begin) {
      return new TrialPace(answers.size(), seconds, ofOneRound(answers, answers.size() / seconds));
    }
    double filled =
        answers.stream()
            .mapToDouble(TrialAnswer::end)
            .sorted()
            .skip(concurrency - 1)
            .findFirst()
            .orElseThrow();
    double from = filled - begin < (drains - begin) / 2 ? filled : begin;
    return new TrialPace(answers.size(), seconds, pace(answers, from, drains));
  }

  /** Takes the rows' own spread for the pace's, where there is no second round to compare with. */
  private static Estimate ofOneRound(List<TrialAnswer> answers, double rate) {
    int rows = answers.size();
    if (rows == 1) {
      return new Estimate(rate, rate / MOST_OFF, rate * MOST_OFF);
    }
    double sum = 0;
    double squares = 0;
    for (TrialAnswer answer : answers) {
      double under = answer.end() - answer.start();
      sum += under;
      squares += under * under;
    }
    double mean = sum / rows;
    double variance = Math.max(0, (squares - rows * mean * mean) / (rows - 1));
    double half = rate * Estimate.t95(rows - 1) * Math.sqrt(variance / rows) / mean;
    return Estimate.within(rate, half).between(rate / MOST_OFF, rate * MOST_OFF);
  }

  /** Compares slices of the time: each holds the noise of rows and of the machine. */
  private static Estimate pace(List<TrialAnswer> answers, double from, double to) {
    double slice = (to - from) / SLICES;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < SLICES; i++) {
      double rate = work(answers, from + i * slice, from + (i + 1) * slice) / slice;
      sum += rate;
      squares += rate * rate;
    }
    double mean = sum / SLICES;
    double variance = Math.max(0, (squares - SLICES * mean * mean) / (SLICES - 1));
    double half = Estimate.t95(SLICES - 1) * Math.sqrt(variance / SLICES);
    return Estimate.within(mean, half).between(mean / MOST_OFF, mean * MOST_OFF);
  }

  /** Returns the rows' worth of work between two times. */
  private static double work(List<TrialAnswer> answers, double from, double to) {
    double work = 0;
    for (TrialAnswer answer : answers) {
      double both = Math.min(to, answer.end()) - Math.max(from, answer.start());
      if (both > 0) {
        work += both / (answer.end() - answer.start());
      }
    }
    return work;
  }

  /**
   * Estimates the time of any number of rows: what the trial took, with its start and its end, and
   * the rest at the pace between them. All of it is as uncertain as the pace: the rows of the trial
   * would not take the same time again either.
   */
  Estimate secondsOf(double wanted) {
    double left = wanted - rows;
    double whole = left <= 0 ? seconds * wanted / rows : seconds + left / perSecond.value();
    return new Estimate(
        whole,
        whole * perSecond.value() / perSecond.high(),
        whole * perSecond.value() / perSecond.low());
  }
}
