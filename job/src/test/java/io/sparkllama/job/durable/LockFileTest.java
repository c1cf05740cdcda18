package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockFileTest {
  @TempDir Path folder;
  private LockFile file;
  private int refused; // reads, from now on

  /** Refuses reads as an object store does while the file is replaced. */
  private final class Store extends FilterFileSystem {
    Store() throws IOException {
      super(new LocalFileSystem());
      fs.initialize(URI.create("file:///"), new Configuration());
    }

    @Override
    public URI getUri() {
      return URI.create("store:///");
    }

    @Override
    public org.apache.hadoop.fs.Path makeQualified(org.apache.hadoop.fs.Path path) {
      return new org.apache.hadoop.fs.Path("store://" + path.toUri().getPath());
    }

    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferSize)
        throws IOException {
      if (refused-- > 0) {
        throw new IOException("the preconditions did not hold");
      }
      return super.open(path, bufferSize);
    }
  }

  @BeforeEach
  void prepare() throws IOException {
    file =
        new LockFile(
            new StoredPath(
                new Store(), new org.apache.hadoop.fs.Path(folder.resolve("lock").toString())));
    assertThat(file.create(new byte[] {7})).isTrue();
  }

  @Test
  void aReadThatARenewalInterruptsIsTriedAgain() throws Exception {
    refused = 4;
    assertThat(file.read()).contains(new byte[] {7});
    assertThat(refused).isEqualTo(-1);
  }

  @Test
  void aStorageThatDoesNotAnswerIsNotAskedForEver() {
    refused = 5;
    assertThatThrownBy(file::read).isInstanceOf(IOException.class);
    assertThat(refused).isZero();
  }
}
