package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.LocalModelSource;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.config.ModelDistribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTransportTest {
  private static final int CHUNK = 50_000;
  private static final ModelTransport AUTO = new ModelTransport(ModelDistribution.AUTO, CHUNK);
  private static final ModelTransport BROADCAST =
      new ModelTransport(ModelDistribution.BROADCAST, CHUNK);

  @TempDir Path directory;
  private final byte[] content = new byte[1_000_001];
  private Path path;
  private LocalModel driversCopy;
  private ModelStore store;

  @BeforeEach
  void startDriver() throws Exception {
    LocalSpark.session();
    new Random(System.nanoTime()).nextBytes(content); // a model of its own for each test
    path = Files.write(directory.resolve("m.gguf"), content);
    driversCopy = new ModelStore(directory.resolve("driver")).localize(new LocalModelSource(path));
    store = new ModelStore(directory.resolve("executor"));
  }

  private LocalModel bring(ModelTransport transport, String location) throws IOException {
    return transport.bring(store, location, driversCopy.manifest(), new Configuration());
  }

  private void offer() {
    DriverLine.offers().orElseThrow().offer(driversCopy, CHUNK);
  }

  @Test
  void whatTheDriverSendsIsTheModel() throws Exception {
    offer();
    Files.delete(path);

    LocalModel model = bring(BROADCAST, "file:" + path);

    assertThat(model.path()).hasBinaryContent(content).isNotEqualTo(driversCopy.path());
  }

  @Test
  void aLocalPathThatThisHostHasIsReadHere() throws Exception {
    // Nothing is offered: who asks the driver is refused.
    assertThat(bring(AUTO, "file:" + path).path()).hasBinaryContent(content);
  }

  @Test
  void aLocalPathThatThisHostHasNotIsAskedForFromTheDriver() throws Exception {
    Files.delete(path);
    assertThatThrownBy(() -> bring(AUTO, "file:" + path))
        .isInstanceOf(IOException.class)
        .hasMessage("the driver does not send this model; start the job again");
    offer();

    assertThat(bring(AUTO, "file:" + path).path()).hasBinaryContent(content);
  }

  @Test
  void anotherFileOfTheSameNameIsNotTakenForTheModel() throws Exception {
    offer();
    Files.write(path, new byte[10]);

    assertThat(bring(AUTO, "file:" + path).path()).hasBinaryContent(content);
  }

  @Test
  void aFileThatMayNotBeReadIsAskedForFromTheDriver() throws Exception {
    offer();
    Configuration hadoop = new Configuration();
    hadoop.set("fs.file.impl", UnreadableFileSystem.class.getName());
    hadoop.setBoolean("fs.file.impl.disable.cache", true);

    LocalModel model = AUTO.bring(store, "file:" + path, driversCopy.manifest(), hadoop);

    assertThat(model.path()).hasBinaryContent(content);
  }

  @Test
  void aDriverWithoutTheMemoryForAChunkSaysSo() {
    int most = Integer.MAX_VALUE; // more than any array may have
    ModelManifest manifest =
        new ModelManifest(
            "ab".repeat(32), List.of(new ModelManifest.Entry(path.getFileName().toString(), most)));
    DriverLine.offers().orElseThrow().offer(new LocalModel(driversCopy.path(), manifest), most);

    assertThatThrownBy(
            () ->
                new ModelTransport(ModelDistribution.BROADCAST, most)
                    .bring(store, "file:" + path, manifest, new Configuration()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the driver has not the memory to send its copy of the model")
        .hasMessageContaining("spark.driver.memory");
  }

  @Test
  void storageIsReadWhereTheJobSaysSo() throws Exception {
    offer();
    Files.delete(path);

    assertThatThrownBy(() -> bring(ModelTransport.STORAGE, "file:" + path))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there, seen from host");
  }

  @Test
  void aDriversCopyThatIsGoneIsASentence() throws Exception {
    offer();
    Files.delete(driversCopy.path());

    assertThatThrownBy(() -> bring(BROADCAST, "file:" + path))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("the driver could not read or send its copy of the model");

    new ModelStore(directory.resolve("driver")).localize(new LocalModelSource(path));
    offer(); // the next job of the session
    assertThat(bring(BROADCAST, "file:" + path).path()).hasBinaryContent(content);
  }

  @Test
  void theDriverSettlesWhatItKnows() {
    SparkConf cluster = new SparkConf(false).set("spark.master", "spark://host:7077");
    SparkConf withLine = ExecutorSettings.apply(cluster.clone());

    assertThat(ModelTransport.of(ModelDistribution.AUTO, withLine).distribution())
        .isEqualTo(ModelDistribution.AUTO);
    assertThat(ModelTransport.of(ModelDistribution.BROADCAST, withLine).distribution())
        .isEqualTo(ModelDistribution.BROADCAST);
    assertThat(ModelTransport.of(ModelDistribution.STORAGE, withLine).mayAskDriver()).isFalse();
    assertThat(ModelTransport.of(ModelDistribution.AUTO, cluster).mayAskDriver()).isFalse();
    assertThatThrownBy(() -> ModelTransport.of(ModelDistribution.BROADCAST, cluster))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("spark.plugins");
    for (String master : new String[] {"local", "local[4]", "local[*]", "local[2,3]"}) {
      SparkConf local = withLine.clone().set("spark.master", master);
      assertThat(ModelTransport.of(ModelDistribution.BROADCAST, local).mayAskDriver()).isFalse();
    }
    SparkConf processes = withLine.clone().set("spark.master", "local-cluster[2,1,1024]");
    assertThat(ModelTransport.of(ModelDistribution.BROADCAST, processes).mayAskDriver()).isTrue();
  }
}
