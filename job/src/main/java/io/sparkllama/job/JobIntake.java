package io.sparkllama.job;

import io.sparkllama.job.durable.EarlierWork;
import io.sparkllama.job.durable.Intake;
import io.sparkllama.job.report.InputReport;
import io.sparkllama.job.screening.InputRecord;
import io.sparkllama.job.screening.ScreenedRows;
import java.io.IOException;
import java.util.Optional;

/**
 * Takes what is new in a job's input into files of work, and keeps what later runs need to know.
 */
final class JobIntake {
  private final PreparedJob job;
  private final Intake intake;

  JobIntake(PreparedJob job, Intake intake) {
    this.job = job;
    this.intake = intake;
  }

  /**
   * Says what was taken.
   *
   * @param rows of the input
   * @param left rows that a limit leaves in the input
   */
  record Taken(long rows, long left, InputReport report) {}

  /**
   * Takes.
   *
   * @throws IOException where the files' rows are not those that were counted
   */
  Taken take() throws IOException {
    ScreenedInput screened = job.screened().orElseThrow();
    return screened.screening().take(screened.rows(), this::take);
  }

  /** Takes; may be asked again, with fewer rows, after a try that has written files already. */
  private Taken take(ScreenedRows rows) throws IOException {
    intake.discard();
    RowChoice choice = RowChoice.of(rows, job.rowLimit());
    JobInput input = job.screened().orElseThrow().input();
    EarlierWork earlier = job.earlier().orElseThrow();
    Optional<String> list = Optional.empty();
    if (rows.setAside() > 0) {
      list = Optional.of(intake.setAside());
      rows.list(list.get());
    }
    long written = 0;
    InputRecord record = input.record(rows, choice.count(), earlier);
    if (choice.count() > 0 || !record.files().isEmpty()) {
      written =
          intake.take(
              choice.rows(),
              choice.count(),
              job.pipeline().spread(),
              count -> {
                rows.requireUnchanged();
                requireAll(rows, choice.count(), count);
                return record.json();
              });
    }
    long before = job.pending() > 0 ? input.setAsideBefore(earlier) : 0;
    return new Taken(
        written, choice.missing() - choice.count(), rows.report(written, list, before));
  }

  /** Rows in = rows out: what was counted of files is what is written of them. */
  private static void requireAll(ScreenedRows rows, long counted, long written) throws IOException {
    if (rows.isOfFiles() && counted != written) {
      throw new IOException(
          "Other rows were written for the model than were counted in the input, whose files have not"
              + " changed; run the job again: "
              + written
              + " rows instead of "
              + counted);
    }
  }
}
