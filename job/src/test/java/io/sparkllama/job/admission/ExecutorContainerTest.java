package io.sparkllama.job.admission;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

/** Holds the container's size to Spark's own rule. */
class ExecutorContainerTest {
  private static final long MEBIBYTE = 1 << 20;

  private static SparkConf conf(String master, String... settings) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    for (int i = 0; i < settings.length; i += 2) {
      conf.set("spark." + settings[i], settings[i + 1]);
    }
    return conf;
  }

  private static long mebibytes(SparkConf conf) {
    return ExecutorContainer.of(conf).orElseThrow().bytes() / MEBIBYTE;
  }

  @Test
  void overheadIsAShareOfTheHeapAndNeverLittle() {
    assertThat(mebibytes(conf("yarn"))).isEqualTo(1024 + 384);
    assertThat(mebibytes(conf("yarn", "executor.memory", "8g"))).isEqualTo(8192 + 819);
    assertThat(
            mebibytes(
                conf("yarn", "executor.memory", "8g", "executor.memoryOverheadFactor", "0.5")))
        .isEqualTo(8192 + 4096);
    assertThat(
            mebibytes(conf("yarn", "executor.memory", "2g", "executor.minMemoryOverhead", "512m")))
        .isEqualTo(2048 + 512);
  }

  @Test
  void overheadThatIsSetHoldsEvenIfItIsLittle() {
    SparkConf conf = conf("k8s://https://host:6443", "executor.memoryOverhead", "100");
    assertThat(mebibytes(conf)).isEqualTo(1024 + 100);
    assertThat(mebibytes(conf.set("spark.executor.memoryOverhead", "3g"))).isEqualTo(4096);
  }

  @Test
  void kubernetesHasAFactorOfItsOwn() {
    SparkConf conf =
        conf("k8s://host", "executor.memory", "10g", "kubernetes.memoryOverheadFactor", "0.4");
    assertThat(mebibytes(conf)).isEqualTo(10240 + 4096);
    assertThat(mebibytes(conf.set("spark.executor.memoryOverheadFactor", "0.2")))
        .isEqualTo(10240 + 2048);
    assertThat(
            mebibytes(
                conf.set("spark.master", "yarn").remove("spark.executor.memoryOverheadFactor")))
        .isEqualTo(10240 + 1024);
  }

  @Test
  void offHeapMemoryCountsWhereItIsSwitchedOn() {
    SparkConf conf = conf("yarn", "memory.offHeap.size", "2g");
    assertThat(mebibytes(conf)).isEqualTo(1024 + 384);
    assertThat(mebibytes(conf.set("spark.memory.offHeap.enabled", "true")))
        .isEqualTo(1024 + 384 + 2048);
  }

  @Test
  void otherClustersGiveNoContainer() {
    for (String master :
        new String[] {"local[2]", "local-cluster[2,1,1024]", "spark://host:7077"}) {
      assertThat(ExecutorContainer.of(conf(master))).as(master).isEmpty();
    }
  }
}
