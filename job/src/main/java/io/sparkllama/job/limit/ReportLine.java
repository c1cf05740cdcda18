package io.sparkllama.job.limit;

/** Carries a task's report to the driver, and what is left back. */
@FunctionalInterface
public interface ReportLine {
  /**
   * Reports to {@link RunBudget#report} and waits for its answer.
   *
   * @param run whose budget it is
   * @throws Exception where no answer comes; trying again may help
   */
  long report(long run, long task, long tokens) throws Exception;
}
