package io.sparkllama.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

class FailureSentenceTest {
  private static final String WRITING = "Task failed while writing rows to file:/data/answers.";

  @Test
  void aFullDiskIsSaidWhereSparkSaysOnlyWhatItWrote() {
    Throwable failure = new SparkException(WRITING, new IOException("No space left on device"));

    FailureSentence sentence = FailureSentence.of(failure);

    assertThat(sentence.kind()).isEqualTo(FailureSentence.Kind.FAILED);
    assertThat(sentence.text())
        .startsWith("A disk is full; make space, and the same command goes on")
        .contains("No space left on device", WRITING);
  }

  /** An executor's exception reaches the driver as text. */
  @Test
  void aFullDiskOfAnExecutorIsSaidToo() {
    Throwable failure =
        new SparkException(
            WRITING,
            new SparkException(
                "Job aborted due to stage failure: Lost task 0.3 in stage 1.0\n"
                    + "java.io.IOException: Disk quota exceeded\n\tat java.base/…",
                null));

    assertThat(FailureSentence.of(failure).text()).contains("Disk quota exceeded", WRITING);
  }

  @Test
  void otherFailuresOfSparkKeepTheirSentence() {
    Throwable failure = new SparkException(WRITING, new IOException("Connection reset"));

    FailureSentence sentence = FailureSentence.of(failure);

    assertThat(sentence).isEqualTo(new FailureSentence(FailureSentence.Kind.FAILED, WRITING));
  }
}
