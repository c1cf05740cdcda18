package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.job.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigurationFolderTest {
  @TempDir Path output;

  /** As where another run has taken over, and has answered the batch. */
  @Test
  void whatBelongsToACommittedBatchIsNotWritten() throws IOException {
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(output.toUri());
    StoredPath stored = new StoredPath(FileSystem.getLocal(new Configuration()), path);
    BatchStore batches = new BatchFolders(stored, FileSink.parquet(output), LocalSpark.session());
    ConfigurationFolder folder = new ConfigurationFolder(stored, batches, "v1-0");
    assertThatCode(() -> folder.requireOpen(0)).doesNotThrowAnyException();
    Path commits = output.resolve("_sparkllama/v1-0/checkpoint/commits");
    Files.createDirectories(commits);
    Files.writeString(commits.resolve("3"), "v1");
    assertThatCode(() -> folder.requireOpen(4)).doesNotThrowAnyException();
    assertThatThrownBy(() -> folder.requireOpen(3))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("A batch was committed by another run");
  }
}
