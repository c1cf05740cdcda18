package io.sparkllama.job.durable;

import java.io.IOException;
import java.util.OptionalLong;

/**
 * Is a batch as a partition of a Delta table. One transaction brings its rows there; what they left
 * unanswered and its letters follow it. So it counts once it is committed to the checkpoint, and a
 * run that finds it uncommitted answers it again.
 */
final class BatchPartition implements PublishedBatch {
  private final BatchTable table;
  private final ConfigurationFolder folder;
  private final long number;

  BatchPartition(BatchTable table, ConfigurationFolder folder, long number) {
    this.table = table;
    this.folder = folder;
    this.number = number;
  }

  @Override
  public OptionalLong counted() {
    return OptionalLong.empty();
  }

  /** Does nothing: all is in its place where it counts. */
  @Override
  public void settle() {}

  /** Does nothing: the transaction does all. */
  @Override
  public void prepare(Answers answers, RunControl control) {}

  @Override
  public boolean publish(Answers answers, RunControl control) throws IOException {
    StoredPath open = answers.place();
    requireLock(control);
    table.replace(folder.name(), number, answers.rows());
    long found = folder.count(BatchRange.of(number), answers.rows().schema());
    requireLock(control); // both took a while, in which another run may have answered the batch
    if (found != answers.count()) {
      throw new IOException(
          "A transaction has brought other rows into the Delta table of the output than it was given;"
              + " see that no other program writes this batch, and run the job again with"
              + " output.mode = resume: "
              + found
              + " rows instead of "
              + answers.count()
              + " in "
              + folder.place(number));
    }
    BatchFolder.settle(open.child(OpenBatch.LETTERS), folder.deadLetters().of(number));
    BatchFolder.settle(open.child(OpenBatch.REST), folder.work().rest(number));
    open.delete();
    return true;
  }

  private void requireLock(RunControl control) throws IOException {
    control.check();
    if (folder.lastCommitted().orElse(-1) >= number) {
      throw new IOException(
          "A batch was committed by another run, so that this one writes nothing more of it; run"
              + " the job again with output.mode = resume: "
              + folder.place(number));
    }
  }
}
