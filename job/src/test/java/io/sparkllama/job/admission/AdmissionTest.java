package io.sparkllama.job.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.SizeOrShare;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds who is let in, and that a refusal says what there is to do. */
class AdmissionTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final EngineMemory SMALL = new EngineMemory(GIBIBYTE, GIBIBYTE, 1 << 20, 1 << 20);

  private static final Admission OPEN =
      new Admission(new JavaMemory(GIBIBYTE, 0, ""), Optional.empty());
  private static final ModelFile TICKETS =
      ModelFile.open(
          Path.of(System.getProperty("sparkllama.basedir"), "models", "tickets-6m.Q8_0.gguf"));
  private static final long USUAL = TICKETS.memory(EngineOptions.defaults()).kvCache();

  @TempDir private Path root;

  private static SparkConf conf(String master) {
    return new SparkConf(false).set("spark.master", master);
  }

  private static void check(Admission admission, EngineMemory engine) {
    admission.check(engine, new SizeOrShare.Size(engine.kvCache()));
  }

  private static void refused(Admission admission, EngineMemory engine, String sentence) {
    assertThatThrownBy(() -> check(admission, engine))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessage(sentence);
  }

  @Test
  void theLastByteCounts() {
    JavaMemory java = new JavaMemory(GIBIBYTE, GIBIBYTE, "a setting");
    EngineMemory engine = new EngineMemory(1000, 100, 20, 3);
    Optional<MemoryLimit> exact =
        Optional.of(new MemoryLimit(2 * GIBIBYTE + 1123, "a file", MemoryLimit.Remedy.CONTAINER));
    assertThatCode(() -> check(new Admission(java, exact), engine)).doesNotThrowAnyException();
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
    assertThatCode(() -> check(OPEN, new EngineMemory(1L << 50, 0, 0, 0)))
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
    assertThatThrownBy(() -> check(Admission.onDriver(conf), SMALL))
        .hasMessageContaining("raise spark.executor.memoryOverhead by 1 MiB, or lower engine.kv-");
    conf.set("spark.executor.memoryOverhead", "2050m");
    assertThatCode(() -> check(Admission.onDriver(conf), SMALL)).doesNotThrowAnyException();
  }

  @Test
  void aDriverKnowsNothingOfExecutorsWithoutContainers() {
    Admission admission = Admission.onDriver(conf("spark://host:7077"));
    assertThatCode(() -> check(admission, new EngineMemory(1L << 50, 0, 0, 0)))
        .doesNotThrowAnyException();
  }

  @Test
  void theSmallestOfContainerAndMachineCounts() throws Exception {
    FakeSystem system = new FakeSystem(root).withMachine().withContainer("1073741824");
    assertThatThrownBy(() -> check(Admission.here(conf("local[2]"), root), SMALL))
        .hasMessageContainingAll(
            "give the container",
            "Java's heap (-Xmx, spark.driver.memory)",
            "by /sys/fs/cgroup/memory.max");
    assertThatThrownBy(() -> check(Admission.here(conf("spark://host:7077"), root), SMALL))
        .hasMessageContainingAll("give the container", "or lower spark.executor.memory");
    assertThatThrownBy(() -> check(Admission.here(conf("k8s://host"), root), SMALL))
        .hasMessageContainingAll("raise spark.executor.memoryOverhead by", "/memory.max");

    system.withContainer("max");
    EngineMemory large = new EngineMemory(16 * GIBIBYTE, 0, 0, 0);
    assertThatThrownBy(() -> check(Admission.here(conf("local[2]"), root), large))
        .hasMessageContainingAll("take a machine with", "16.0 GiB by MemTotal");
    assertThatThrownBy(() -> check(Admission.here(conf("yarn"), root), large))
        .hasMessageContainingAll("raise spark.executor.memoryOverhead", "executor's container");
    assertThatCode(() -> check(Admission.here(conf("local[2]"), root), SMALL))
        .doesNotThrowAnyException();
  }

  /** Mapped weights count in full: else a job would run, at the speed of the disk. */
  @Test
  void aModelThatIsLargerThanTheMachineIsRefusedBeforeItStarts() throws Exception {
    new FakeSystem(root).withMachine();
    long weights = 41_400_000_000L; // 70B parameters in Q4_K_M
    EngineMemory large = new EngineMemory(weights, GIBIBYTE, 100 << 20, 1 << 20);
    SparkConf conf = conf("local[2]").set("spark.driver.memory", "1g");
    assertThatThrownBy(() -> check(Admission.here(conf, root), large))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll(
            "take a machine with", "weights 38.6 GiB", "there is 16.0 GiB by MemTotal");
    SparkConf cluster =
        conf("k8s://host")
            .set("spark.executor.memory", "2g")
            .set("spark.executor.memoryOverhead", "40g");
    assertThatCode(() -> check(Admission.onDriver(cluster), large)).doesNotThrowAnyException();
    cluster.set("spark.executor.memoryOverhead", "39g");
    assertThatThrownBy(() -> check(Admission.onDriver(cluster), large))
        .hasMessageContainingAll("raise spark.executor.memoryOverhead", "weights 38.6 GiB");
  }

  private static ExecutorMemory admit(Admission admission, SizeOrShare wanted) {
    return admission.admit(TICKETS, EngineOptions.defaults().withThreads(1), wanted);
  }

  private static final SizeOrShare UNSAID = new SizeOrShare.Size(0);

  @Test
  void whatNobodyHasSizedFitsSparksOwnContainer() {
    SparkConf conf = conf("yarn"); // a heap of 1 GiB, 384 MiB beside it
    ExecutorMemory fitted = admit(Admission.onDriver(conf), UNSAID);
    assertThat(fitted.engine().kvCache())
        .isBetween(TICKETS.contextBytes(EngineOptions.defaults()), USUAL - 1);
    assertThat(fitted.total() + KvCacheFit.BESIDE_HEAP)
        .isBetween((1024L + 384 << 20) - (1 << 20), 1024L + 384 << 20);
    assertThat(fitted.kvCacheMemory()).isInstanceOf(SizeOrShare.Size.class);
    // The executor takes what the driver has settled, and needs no more.
    assertThat(admit(Admission.onDriver(conf), fitted.kvCacheMemory())).isEqualTo(fitted);

    conf.set("spark.executor.memoryOverhead", "1g");
    assertThat(admit(Admission.onDriver(conf), UNSAID).engine().kvCache()).isEqualTo(USUAL);
  }

  @Test
  void whereNotEvenOneContextFitsTheSentenceSaysWhatToDo() {
    long context = TICKETS.contextBytes(EngineOptions.defaults());
    EngineMemory engine = admit(OPEN, new SizeOrShare.Size(context)).engine();
    JavaMemory java = new JavaMemory(GIBIBYTE, 0, "a setting");
    for (SizeOrShare wanted : List.of(UNSAID, new SizeOrShare.Share(1))) {
      ExecutorMemory least = admit(bound(java, GIBIBYTE + engine.total()), wanted);
      assertThat(least.engine().kvCache()).isEqualTo(context);
      assertThatThrownBy(() -> admit(bound(java, GIBIBYTE + engine.total() - 1), wanted))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining(
              "; give the container 1 B more, or lower a setting, or lower engine.context-length:");
    }
  }

  private static Admission bound(JavaMemory java, long bytes) {
    return new Admission(
        java, Optional.of(new MemoryLimit(bytes, "a file", MemoryLimit.Remedy.CONTAINER)));
  }

  @Test
  void aShareIsOfWhatIsLeft() {
    EngineMemory usual = admit(OPEN, UNSAID).engine();
    JavaMemory java = new JavaMemory(GIBIBYTE, GIBIBYTE, "");
    long others = 2 * GIBIBYTE + usual.total() - usual.kvCache() + KvCacheFit.BESIDE_HEAP;
    Admission admission = bound(java, others + 8 * GIBIBYTE);
    ExecutorMemory eighth = admit(admission, new SizeOrShare.Share(12.5));
    assertThat(eighth.kvCacheMemory()).isEqualTo(new SizeOrShare.Size(GIBIBYTE));
    assertThat(eighth.engine().kvCache()).isBetween(GIBIBYTE - (1 << 20), GIBIBYTE); // whole blocks
    assertThat(admit(admission, new SizeOrShare.Share(100)).kvCacheMemory())
        .isEqualTo(new SizeOrShare.Size(8 * GIBIBYTE));
  }

  private static final EngineOptions ON_GPU =
      EngineOptions.defaults().withThreads(1).withDevice(Device.Cuda.numbered(0));

  private static DeviceFacts free(long bytes) {
    return new DeviceFacts("A card", bytes, 80 * GIBIBYTE, 132, 9, 0);
  }

  /** A container that holds no weights suffices where they lie on a GPU. */
  @Test
  void onAGpuWeightsAndCacheAreNotOfThisMachine() {
    JavaMemory java = new JavaMemory(GIBIBYTE, 0, "a setting");
    EngineMemory here = TICKETS.memory(ON_GPU);
    Admission exact = bound(java, GIBIBYTE + here.buffers() + here.batch());
    ExecutorMemory unknown = exact.admit(TICKETS, ON_GPU, UNSAID);
    assertThat(unknown.total()).isEqualTo(GIBIBYTE + here.buffers() + here.batch());
    assertThat(unknown.kvCacheMemory()).isEqualTo(UNSAID);
    assertThat(unknown.kvCache()).isZero();

    ExecutorMemory known = exact.on(Optional.of(free(8 * GIBIBYTE))).admit(TICKETS, ON_GPU, UNSAID);
    assertThat(known.kvCacheMemory()).isEqualTo(UNSAID); // the engine may have to take less
    assertThat(known.options(ON_GPU).kvCacheMemory()).isZero();
    assertThat(known.kvCache()).isEqualTo(ON_GPU.maxSequences() * TICKETS.contextBytes(ON_GPU));
    assertThatThrownBy(
            () ->
                bound(java, GIBIBYTE + here.buffers() + here.batch() - 1)
                    .admit(TICKETS, ON_GPU, UNSAID))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("give the container 1 B more");
  }

  @Test
  void aShareIsOfWhatTheGpuLeaves() {
    SizeOrShare half = new SizeOrShare.Share(50);
    ExecutorMemory unknown = OPEN.admit(TICKETS, ON_GPU, half);
    assertThat(unknown.kvCacheMemory()).isEqualTo(half); // which each executor settles
    DeviceFacts card = free(2 * GIBIBYTE);
    long room = TICKETS.deviceMemory(ON_GPU).room(card);
    ExecutorMemory known = OPEN.on(Optional.of(card)).admit(TICKETS, ON_GPU, half);
    assertThat(known.kvCacheMemory()).isEqualTo(new SizeOrShare.Size(room / 2));
    assertThat(known.options(ON_GPU).kvCacheMemory()).isEqualTo(room / 2).isPositive();
    assertThat(
            OPEN.on(Optional.of(card))
                .admit(TICKETS, ON_GPU, new SizeOrShare.Share(0.001))
                .kvCacheMemory())
        .isEqualTo(new SizeOrShare.Size(TICKETS.contextBytes(ON_GPU)));
    DeviceFacts small = free(TICKETS.deviceMemory(ON_GPU).total());
    assertThatThrownBy(() -> OPEN.on(Optional.of(small)).admit(TICKETS, ON_GPU, half))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessageContaining("The GPU's memory does not suffice");
  }

  @Test
  void aDriverThatKnowsNoLimitLeavesAShareToTheExecutors() {
    SparkConf conf = conf("spark://host:7077");
    SizeOrShare half = new SizeOrShare.Share(50);
    ExecutorMemory unsettled = admit(Admission.onDriver(conf), half);
    assertThat(unsettled.kvCacheMemory()).isEqualTo(half);
    assertThatThrownBy(() -> unsettled.options(EngineOptions.defaults()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("give bytes, such as 2g: 50%");
    assertThat(admit(Admission.onDriver(conf), UNSAID).kvCacheMemory()).isEqualTo(UNSAID);
    EngineOptions options =
        admit(Admission.here(conf), half).options(EngineOptions.defaults().withThreads(3));
    assertThat(options.threads()).isEqualTo(3);
    assertThat(options.kvCacheMemory()).isPositive();
  }
}
