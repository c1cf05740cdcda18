package io.sparkllama.job.admission;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds who is let in, and that a refusal says what there is to do. */
class AdmissionTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final EngineMemory SMALL = new EngineMemory(GIBIBYTE, GIBIBYTE, 1 << 20, 1 << 20);

  @TempDir private Path root;

  private static SparkConf conf(String master) {
    return new SparkConf(false).set("spark.master", master);
  }

  private static void refused(Admission admission, EngineMemory engine, String sentence) {
    assertThatThrownBy(() -> admission.check(engine))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessage(sentence);
  }

  @Test
  void theLastByteCounts() {
    JavaMemory java = new JavaMemory(GIBIBYTE, GIBIBYTE, "a setting");
    EngineMemory engine = new EngineMemory(1000, 100, 20, 3);
    Optional<MemoryLimit> exact =
        Optional.of(new MemoryLimit(2 * GIBIBYTE + 1123, "a file", MemoryLimit.Remedy.CONTAINER));
    assertThatCode(() -> new Admission(java, exact).check(engine)).doesNotThrowAnyException();
    refused(
        new Admission(java, exact),
        new EngineMemory(1000, 100, 20, 4),
        "The memory does not suffice for an engine with this model; give the container 1 B more,"
            + " or lower a setting, or lower engine.kv-cache-memory: needed 2.0 GiB (Java heap"
            + " 1.0 GiB, Spark's off-heap 1.0 GiB, weights 1000 B, KV cache 100 B, buffers 20 B, a"
            + " step's batch 4 B), there is 2.0 GiB by a file");
  }

  @Test
  void whereNothingIsKnownNothingIsRefused() {
    Admission open = new Admission(new JavaMemory(GIBIBYTE, 0, ""), Optional.empty());
    assertThatCode(() -> open.check(new EngineMemory(1L << 50, 0, 0, 0)))
        .doesNotThrowAnyException();
  }

  @Test
  void anExecutorsContainerIsSizedBySettings() {
    SparkConf conf = conf("yarn").set("spark.executor.memory", "4g");
    // 4,096 MiB of heap and 409.6 of overhead, of which 2,050 are needed.
    refused(
        Admission.onDriver(conf),
        SMALL,
        "The memory does not suffice for an engine with this model; raise"
            + " spark.executor.memoryOverhead by 1641 MiB: needed 6.0 GiB (Java heap 4.0 GiB,"
            + " weights 1.0 GiB, KV cache 1.0 GiB, buffers 1.0 MiB, a step's batch 1.0 MiB), there"
            + " is 4.4 GiB by the executor's container: spark.executor.memory,"
            + " spark.executor.memoryOverhead and off-heap memory together");
    conf.set("spark.executor.memoryOverhead", "2049m");
    assertThatThrownBy(() -> Admission.onDriver(conf).check(SMALL))
        .hasMessageContaining("raise spark.executor.memoryOverhead by 1 MiB, or lower engine.kv-");
    conf.set("spark.executor.memoryOverhead", "2050m");
    assertThatCode(() -> Admission.onDriver(conf).check(SMALL)).doesNotThrowAnyException();
  }

  @Test
  void aDriverKnowsNothingOfExecutorsWithoutContainers() {
    Admission admission = Admission.onDriver(conf("spark://host:7077"));
    assertThatCode(() -> admission.check(new EngineMemory(1L << 50, 0, 0, 0)))
        .doesNotThrowAnyException();
  }

  @Test
  void theSmallestOfContainerAndMachineCounts() throws Exception {
    FakeSystem system = new FakeSystem(root).withMachine().withContainer("1073741824");
    assertThatThrownBy(() -> Admission.here(conf("local[2]"), root).check(SMALL))
        .hasMessageContainingAll(
            "give the container",
            "Java's heap (-Xmx, spark.driver.memory)",
            "by /sys/fs/cgroup/memory.max");
    assertThatThrownBy(() -> Admission.here(conf("spark://host:7077"), root).check(SMALL))
        .hasMessageContainingAll("give the container", "or lower spark.executor.memory");
    assertThatThrownBy(() -> Admission.here(conf("k8s://host"), root).check(SMALL))
        .hasMessageContainingAll("raise spark.executor.memoryOverhead by", "/memory.max");

    system.withContainer("max");
    EngineMemory large = new EngineMemory(16 * GIBIBYTE, 0, 0, 0);
    assertThatThrownBy(() -> Admission.here(conf("local[2]"), root).check(large))
        .hasMessageContainingAll("take a machine with", "16.0 GiB by MemTotal");
    assertThatThrownBy(() -> Admission.here(conf("yarn"), root).check(large))
        .hasMessageContainingAll("raise spark.executor.memoryOverhead", "executor's container");
    assertThatCode(() -> Admission.here(conf("local[2]"), root).check(SMALL))
        .doesNotThrowAnyException();
  }
}
