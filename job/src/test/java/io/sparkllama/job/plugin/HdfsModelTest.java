package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelSource;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.engine.store.RangeReader;
import java.io.OutputStream;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brings models from an HDFS of this process: small blocks, so that ranges cross them. */
class HdfsModelTest {
  private static final int BLOCK = 1 << 20;

  @TempDir static java.nio.file.Path disks;
  private static MiniDFSCluster cluster;
  private static FileSystem hdfs;
  private static final byte[] CONTENT = new byte[5 * BLOCK + 123];

  @TempDir java.nio.file.Path directory;

  @BeforeAll
  static void start() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, disks.toString());
    configuration.setInt("dfs.blocksize", BLOCK);
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
    hdfs = cluster.getFileSystem();
    new Random(3).nextBytes(CONTENT);
    write("/models/m.gguf", CONTENT);
  }

  @AfterAll
  static void stop() {
    cluster.shutdown();
  }

  private static void write(String path, byte[] bytes) throws Exception {
    try (OutputStream out = hdfs.create(new Path(path), true)) {
      out.write(bytes);
    }
  }

  private static HadoopModelSource source(String path) throws Exception {
    return HadoopModelSource.of(hdfs.getUri() + path, hdfs.getConf());
  }

  @Test
  void aModelIsCopiedAsItIs() throws Exception {
    LocalModel model = new ModelStore(directory).localize(source("/models/m.gguf"));

    assertThat(model.path()).hasBinaryContent(CONTENT);
  }

  @Test
  void filesAreReadAtAnyPlaceByThreadsOfTheirOwn() throws Exception {
    ModelSource.Opener file = source("/models/m.gguf").parts().get(0).content();
    byte[] bytes = new byte[100];
    try (RangeReader one = file.openRanges().orElseThrow();
        RangeReader other = file.openRanges().orElseThrow()) {
      assertThat(one.read(CONTENT.length - 10, bytes, 100)).isEqualTo(10);
      assertThat(bytes)
          .startsWith(java.util.Arrays.copyOfRange(CONTENT, CONTENT.length - 10, CONTENT.length));
      assertThat(other.read(BLOCK + 5, bytes, 50)).isEqualTo(50);
      assertThat(bytes).startsWith(java.util.Arrays.copyOfRange(CONTENT, BLOCK + 5, BLOCK + 55));
      assertThat(one.read(CONTENT.length, bytes, 1)).isEqualTo(-1);
    }
  }

  @Test
  void aModelThatWasReplacedWhileAJobRunsIsRefused() throws Exception {
    write("/models/replaced.gguf", CONTENT);
    LocalModel seen =
        new ModelStore(directory.resolve("driver")).localize(source("/models/replaced.gguf"));
    byte[] other = CONTENT.clone();
    other[7] ^= 1;
    write("/models/replaced.gguf", other);

    assertThatThrownBy(
            () ->
                new ModelStore(directory.resolve("executor"))
                    .localize(source("/models/replaced.gguf"), seen.manifest()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is no longer the one that the job started with");
  }

  @Test
  void aMissingModelIsASentence() throws Exception {
    ModelSource missing = source("/models/none.gguf");
    assertThatThrownBy(() -> new ModelStore(directory).localize(missing))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there")
        .hasMessageContaining("/models/none.gguf");
  }
}
