package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.ModelStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Brings models by Hadoop's S3A from a server of this process. Skipped unless the build runs with
 * the profile s3a, which has the connector and the parts of Amazon's library that it needs.
 */
class S3aModelTest {
  private static final byte[] CONTENT = new byte[(9 << 20) + 77];

  @TempDir Path directory;
  private S3Store store;
  private Configuration configuration;

  @BeforeEach
  void start() throws IOException {
    boolean known = true;
    try {
      Class.forName("org.apache.hadoop.fs.s3a.S3AFileSystem");
    } catch (ClassNotFoundException e) {
      known = false;
    }
    Assumptions.assumeTrue(known, "skipped: no S3A on the class path, see the profile s3a");
    store = new S3Store();
    new Random(4).nextBytes(CONTENT);
    store.put("/bucket/m.gguf", CONTENT);
    configuration = new Configuration();
    configuration.set("fs.s3a.endpoint", store.endpoint());
    configuration.set("fs.s3a.endpoint.region", "us-east-1");
    configuration.set("fs.s3a.path.style.access", "true");
    configuration.set("fs.s3a.connection.ssl.enabled", "false");
    configuration.set("fs.s3a.access.key", "key");
    configuration.set("fs.s3a.secret.key", "secret");
    configuration.set("fs.s3a.impl.disable.cache", "true");
    configuration.set("fs.s3a.retry.interval", "10ms");
  }

  @AfterEach
  void stop() {
    if (store != null) {
      store.close();
    }
  }

  private HadoopModelSource source(String path) throws IOException {
    return HadoopModelSource.of("s3a://bucket/" + path, configuration);
  }

  @Test
  void aModelIsReadByRequestsOfItsRanges() throws Exception {
    assertThat(new ModelStore(directory).localize(source("m.gguf")).path())
        .hasBinaryContent(CONTENT);
    assertThat(store.ranges).hasSizeGreaterThanOrEqualTo(3);
    assertThat(store.ranges.stream().mapToLong(range -> range.end() - range.start() + 1).sum())
        .as("bytes asked for: %s", store.ranges)
        .isLessThan(CONTENT.length + CONTENT.length / 4);
  }

  @Test
  void aConnectionThatIsCutIsTriedAgain() throws Exception {
    store.cuts.set(2);
    assertThat(new ModelStore(directory).localize(source("m.gguf")).path())
        .hasBinaryContent(CONTENT);
    assertThat(store.cuts).hasValue(0);
  }

  @Test
  void aMissingModelIsASentence() throws Exception {
    HadoopModelSource missing = source("none.gguf");
    assertThatThrownBy(() -> new ModelStore(directory).localize(missing))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there")
        .hasMessageContaining("s3a://bucket/none.gguf");
  }
}
