package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Publishes batches on a local disk, on HDFS, and on a storage that copies file by file. */
class PublishedBatchTest {
  /** Is where an output may be. */
  private enum Storage {
    LOCAL,
    HDFS,
    COPYING
  }

  @TempDir static java.nio.file.Path disks;
  private static MiniDFSCluster cluster;

  @TempDir java.nio.file.Path directory;

  private StoredPath output;

  @BeforeAll
  static void start() throws Exception {
    Configuration configuration = new Configuration();
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, disks.toString());
    cluster = new MiniDFSCluster.Builder(configuration).numDataNodes(1).build();
  }

  @AfterAll
  static void stop() {
    cluster.shutdown();
  }

  @BeforeEach
  void prepare() {
    CopyingStorage.betweenFiles = () -> {};
  }

  private void use(Storage storage) throws IOException {
    FileSystem local = FileSystem.getLocal(new Configuration());
    output =
        switch (storage) {
          case LOCAL -> new StoredPath(local, new Path(directory.toUri()));
          case HDFS ->
              new StoredPath(cluster.getFileSystem(), new Path(directory.toUri().getPath()));
          case COPYING ->
              new StoredPath(
                  CopyingStorage.open(), new Path("copying:" + directory.toUri().getPath()));
        };
  }

  private static void write(StoredPath file) throws IOException {
    file.write(new byte[] {1});
  }

  /** Makes an open batch of two files of a run. */
  private StoredPath open(String run) throws IOException {
    StoredPath open = output.child("open").child(run);
    write(open.child("part-0-" + run));
    write(open.child("part-1-" + run));
    PublishedBatch.finish(open, 7);
    return open;
  }

  private PublishedBatch batch() {
    return new PublishedBatch(
        output.child("batch=000000"), output.child("rest"), output.child("letters"));
  }

  private List<String> files() throws IOException {
    return WorkFolder.files(batch().place());
  }

  @ParameterizedTest
  @EnumSource
  void theFirstOneStays(Storage storage) throws Exception {
    use(storage);
    assertThat(batch().isWhole()).isFalse();
    assertThat(batch().publish(open("a"))).isTrue();
    assertThat(batch().isWhole()).isTrue();
    assertThat(batch().rows()).isEqualTo(7);
    StoredPath other = open("b");
    assertThat(batch().publish(other)).isFalse();
    assertThat(files()).containsExactly("part-0-a", "part-1-a");
    assertThat(batch().place().children())
        .extracting(StoredPath::name)
        .containsExactly("_SUCCESS", "part-0-a", "part-1-a");
    assertThat(WorkFolder.files(other)).hasSize(2);
    assertThatThrownBy(
            () -> new PublishedBatch(output.child("x"), null, null).publish(batch().rest()))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNotWholeMakesRoom(Storage storage) throws Exception {
    use(storage);
    StoredPath place = batch().place();
    write(place.child("part-0-old"));
    assertThat(batch().isWhole()).isFalse();
    place.child("_SUCCESS").write(new byte[0]); // as Spark writes it
    assertThat(batch().isWhole()).isFalse();
    place
        .child("_SUCCESS")
        .write(
            new WorkManifest(1, List.of("part-0-old", "gone"), MissingNode.getInstance()).json());
    assertThat(batch().isWhole()).isFalse();
    batch().clear();
    assertThat(place.exists()).isFalse();
    batch().clear();
    assertThat(batch().publish(open("a"))).isTrue();
    write(place.child("part-9-stray"));
    assertThat(batch().isWhole()).isFalse();
  }

  @ParameterizedTest
  @EnumSource
  void restAndLettersComeToTheirPlaces(Storage storage) throws Exception {
    use(storage);
    StoredPath open = open("a");
    write(open.child("_rest").child("part-r"));
    write(open.child("_letters").child("letters.json"));
    assertThat(batch().publish(open)).isTrue();
    batch().settle();
    batch().settle();
    assertThat(files()).containsExactly("part-0-a", "part-1-a");
    assertThat(output.child("rest").children()).extracting(StoredPath::name).contains("part-r");
    assertThat(output.child("letters").child("letters.json").exists()).isTrue();
    assertThat(batch().place().child("_rest").exists()).isFalse();
  }

  /** One run is held up while the storage copies its files, and its successor makes room. */
  @Test
  void whereFilesAreCopiedOneByOneEachRunTakesItsOwnAway() throws Exception {
    use(Storage.COPYING);
    StoredPath second = open("b");
    CopyingStorage.betweenFiles =
        () -> {
          CopyingStorage.betweenFiles = () -> {};
          assertThat(batch().isWhole()).isFalse();
          batch().clear();
          assertThat(batch().publish(second)).isTrue();
        };
    assertThat(batch().publish(open("a"))).isFalse();
    assertThat(files()).containsExactly("part-0-b", "part-1-b");
  }
}
