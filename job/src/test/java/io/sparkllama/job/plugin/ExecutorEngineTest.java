package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.job.config.SizeOrShare;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecutorEngineTest {
  @TempDir Path cache;

  @AfterEach
  void close() {
    ExecutorEngine.close();
  }

  private EngineSpecification specification(EngineOptions options) throws Exception {
    Path model =
        Path.of(System.getProperty("sparkllama.shared", "../../shared"))
            .resolve("data/models/stories260K.f32.gguf");
    Assumptions.assumeTrue(Files.exists(model), "skipped: no shared data at " + model);
    return PreparedModel.of(
            model.toString(),
            Optional.empty(),
            Optional.of(cache),
            options,
            new SizeOrShare.Size(options.kvCacheMemory()),
            new SparkConf(false))
        .specification();
  }

  @Test
  void theSameSpecificationGivesTheSameEngineAndAnotherOneAnother() throws Exception {
    EngineSpecification specification = specification(EngineOptions.defaults());
    LlamaEngine first = ExecutorEngine.acquire(specification).engine();
    assertThat(ExecutorEngine.acquire(specification(EngineOptions.defaults())).engine())
        .isSameAs(first);

    LlamaEngine second =
        ExecutorEngine.acquire(specification(EngineOptions.defaults().withContextLength(64)))
            .engine();

    assertThat(second).isNotSameAs(first);
    assertThat(first.hasEnded()).isTrue();
    assertThat(second.hasEnded()).isFalse();
    GenerationRequest request =
        new GenerationRequest(
            new RowKey(0, 0),
            Prompt.ofData("Once upon a time"),
            SamplingParams.greedy(5),
            OverlongPolicy.ERROR);
    assertThat(second.generate(request).get().text()).startsWith(", there was");
  }

  @Test
  void anEngineIsRefusedBeforeItsWeightsArePacked() throws Exception {
    EngineSpecification specification =
        specification(EngineOptions.defaults().withKvCacheMemory(1L << 40));

    assertThatThrownBy(() -> ExecutorEngine.acquire(specification))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("The memory does not suffice");
    try (Stream<Path> files = Files.walk(cache)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .contains("stories260K.f32.gguf")
          .noneMatch(name -> name.contains("pack"));
    }
  }

  @Test
  void whereNoWorkerCanRunTheModelIsNotFetched(@TempDir Path place) throws Exception {
    Path worker = Files.writeString(place.resolve("sparkllama-worker"), "#!/bin/sh\nexit 9\n");
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));
    EngineSpecification specification =
        specification(EngineOptions.defaults().withNativeDirectory(place));
    JavaUtils.deleteRecursively(cache.toFile()); // the driver's copy: this is another host

    assertThatThrownBy(() -> ExecutorEngine.acquire(specification))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("set engine.isolation to none");
    assertThat(cache).doesNotExist();
  }

  @Test
  void anEngineThatHasEndedIsReplaced() throws Exception {
    EngineSpecification specification = specification(EngineOptions.defaults());
    LlamaEngine first = ExecutorEngine.acquire(specification).engine();
    first.close();

    assertThat(ExecutorEngine.acquire(specification).engine()).isNotSameAs(first);
  }

  @Test
  void thePluginClosesTheEngineWhenTheExecutorEnds() throws Exception {
    LlamaEngine engine = ExecutorEngine.acquire(specification(EngineOptions.defaults())).engine();

    new SparkLlamaPlugin().executorPlugin().shutdown();

    assertThat(engine.hasEnded()).isTrue();
  }

  @Test
  void theUsersOwnPluginsStay() {
    SparkConf conf =
        new SparkConf(false)
            .set("spark.plugins", "their.Plugin")
            .set("spark.kryo.registrator", "their.Registrator");

    ExecutorSettings.apply(ExecutorSettings.apply(conf));

    assertThat(conf.get("spark.plugins"))
        .isEqualTo("their.Plugin," + SparkLlamaPlugin.class.getName());
    assertThat(conf.get("spark.kryo.registrator"))
        .isEqualTo("their.Registrator," + SparkLlamaKryoRegistrator.class.getName());
  }
}
