package io.sparkllama.job.prediction;

import java.util.ArrayList;
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
   * @param asked all answers, at least one, in the order in which the engine was asked
   */
  static TrialPace of(List<TrialAnswer> asked, int concurrency) {
    double[] ends = asked.stream().mapToDouble(TrialAnswer::end).sorted().toArray();
    List<TrialAnswer> answers = begun(asked, ends, concurrency);
    int rows = answers.size();
    double begin = answers.stream().mapToDouble(TrialAnswer::start).min().orElseThrow();
    double drains = answers.stream().mapToDouble(TrialAnswer::start).max().orElseThrow();
    double seconds = Math.max(ends[rows - 1] - begin, Double.MIN_NORMAL);
    if (rows <= concurrency || drains <= begin) {
      return new TrialPace(rows, seconds, ofOneRound(answers, rows / seconds));
    }
    double filled = ends[concurrency - 1];
    double from = filled - begin < (drains - begin) / 2 ? filled : begin;
    return new TrialPace(rows, seconds, pace(answers, from, drains));
  }

  /** An engine begins with a row when it was asked, but not before it has a place for it. */
  private static List<TrialAnswer> begun(List<TrialAnswer> asked, double[] ends, int concurrency) {
    List<TrialAnswer> begun = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      TrialAnswer answer = asked.get(i);
      double place = i < concurrency ? answer.start() : ends[i - concurrency];
      double start = Math.min(answer.end(), Math.max(answer.start(), place));
      begun.add(
          new TrialAnswer(
              answer.promptTokens(),
              answer.completionTokens(),
              answer.failed(),
              start,
              answer.end()));
    }
    return begun;
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
      } else if (answer.end() <= answer.start() && answer.end() > from && answer.end() <= to) {
        work++; // it took no time, as a row with an error
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
