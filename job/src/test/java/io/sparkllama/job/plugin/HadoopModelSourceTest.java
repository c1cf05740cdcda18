package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.SizeOrShare;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HadoopModelSourceTest {
  @TempDir Path directory;

  private final SparkConf conf = new SparkConf(false);

  private PreparedModel prepare(String path) throws Exception {
    return PreparedModel.of(
        path,
        Optional.empty(),
        Optional.of(directory.resolve("cache")),
        EngineOptions.defaults(),
        new SizeOrShare.Size(0),
        conf);
  }

  @Test
  void aLocalPathMeansTheSameWithAndWithoutItsScheme() throws Exception {
    Path model = Files.writeString(directory.resolve("a model.gguf"), "weights");

    PreparedModel plain = prepare(model.toString());
    PreparedModel withScheme = prepare("file:" + model);

    assertThat(plain.local().path()).hasContent("weights").hasFileName("a model.gguf");
    assertThat(withScheme).isEqualTo(plain);
    assertThat(plain.specification().modelLocation()).isEqualTo("file:" + model);
    assertThat(plain.specification().manifest().sha256()).hasSize(64);
  }

  @Test
  void aPathOfTheDefaultFileSystemGetsItsScheme() throws Exception {
    Files.writeString(directory.resolve("m.gguf"), "weights");
    conf.set("spark.hadoop.fs.defaultFS", "viewfs://t/")
        .set("spark.hadoop.fs.viewfs.mounttable.t.link./models", directory.toUri().toString());

    assertThat(prepare("/models/m.gguf").specification().modelLocation())
        .isEqualTo("viewfs://t/models/m.gguf");
  }

  @Test
  void allPartsOfASplitModelAreFound() throws Exception {
    Files.writeString(directory.resolve("m-00001-of-00002.gguf"), "one");
    Files.writeString(directory.resolve("m-00002-of-00002.gguf"), "two");

    Path copy = prepare(directory.resolve("m-00001-of-00002.gguf").toString()).local().path();

    assertThat(copy).hasContent("one");
    assertThat(copy.resolveSibling("m-00002-of-00002.gguf")).hasContent("two");
  }

  @Test
  void aFileSystemThatCannotSeekIsReadAsOneStream() throws Exception {
    byte[] content = new byte[(33 << 20) + 5]; // more than one range
    new Random(6).nextBytes(content);
    Path model = Files.write(directory.resolve("m.gguf"), content);
    conf.set("spark.hadoop.fs.oneway.impl", OneWayFileSystem.class.getName());

    assertThat(prepare("oneway:" + model).local().path()).hasBinaryContent(content);
  }

  @Test
  void whatCannotBeReadIsASentence() {
    assertThatThrownBy(() -> prepare(directory.resolve("none.gguf").toString()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("the model is not there")
        .hasMessageContaining("none.gguf");
    assertThatThrownBy(() -> prepare(directory.toString()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("is a directory");
    assertThatThrownBy(() -> prepare("nosuch://host/m.gguf"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("model.path is on a file system");
    assertThatThrownBy(() -> prepare("s3a://b/m.gguf"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("model.path is on a file system")
        .hasMessageContaining("--packages org.apache.hadoop:hadoop-aws")
        .hasMessageContaining("s3a://b/m.gguf");
    for (String path : new String[] {"", "::", "a:b:c"}) {
      assertThatThrownBy(() -> prepare(path))
          .as(path)
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("model.path");
    }
  }
}
