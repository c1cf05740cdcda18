package io.sparkllama.job.durable;

import org.apache.hadoop.mapreduce.JobContext;
import org.apache.spark.internal.io.FileCommitProtocol.TaskCommitMessage;
import org.apache.spark.sql.execution.datasources.SQLHadoopMapReduceCommitProtocol;
import scala.collection.immutable.Seq;

/** Holds a write up when all its tasks have ended, before their files are where they belong. */
public final class HeldCommitProtocol extends SQLHadoopMapReduceCommitProtocol {
  private static final long serialVersionUID = 1;

  /** Is set by the one test at a time that uses it: Spark makes the protocol by its name. */
  static volatile Hold hold = new Hold();

  /** As Spark calls it. */
  public HeldCommitProtocol(String jobId, String path, boolean dynamicPartitionOverwrite) {
    super(jobId, path, dynamicPartitionOverwrite);
  }

  @Override
  public void commitJob(JobContext job, Seq<TaskCommitMessage> tasks) {
    hold.here();
    super.commitJob(job, tasks);
  }
}
