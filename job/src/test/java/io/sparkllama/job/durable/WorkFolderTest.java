package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.MissingNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {
  @TempDir Path directory;

  /** As where a run was killed while it removed the rest of a batch that is answered again. */
  @Test
  void halfARestOfABatchThatIsNotCommittedStopsNobody() throws Exception {
    FileSystem local = FileSystem.getLocal(new Configuration());
    WorkFolder work =
        new WorkFolder(new StoredPath(local, new org.apache.hadoop.fs.Path(directory.toUri())));
    StoredPath rest = work.rest(3);
    rest.child("part-0").write(new byte[] {1});
    work.finish(rest, 1, MissingNode.getInstance());
    rest.child("part-0").delete();

    work.requireWhole(2);
    assertThatThrownBy(() -> work.requireWhole(3))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("rest=000003/part-0");
  }
}
