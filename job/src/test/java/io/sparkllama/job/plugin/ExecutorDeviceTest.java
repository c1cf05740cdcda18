package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceChoice;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds what an executor computes on, and which settings are refused. */
class ExecutorDeviceTest {
  private static final String AMOUNT = "spark.executor.resource.gpu.amount";

  private static DeviceChoice choice(String text) {
    return DeviceChoice.of(text).orElseThrow();
  }

  private static SparkConf conf(String master, String amount) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    return amount == null ? conf : conf.set(AMOUNT, amount);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "auto, local[4], -, cpu",
        "auto, local[4], 1, cpu", // Spark gives none there
        "cuda, local[*], -, cuda:0",
        "cuda:2, local, -, cuda:2",
        "cpu, local[*], 1, cpu",
        "auto, spark://host:7077, -, cpu",
        "auto, spark://host:7077, 0, cpu",
        "auto, yarn, 1, cuda:0",
        "auto, k8s://host, 2, cuda:0",
        "cuda, yarn, -, cuda:0",
        "cpu, yarn, 1, cpu"
      })
  void theJobsWishAndSparksSettingsDecide(
      String choice, String master, String amount, String device) {
    assertThat(ExecutorDevice.expected(choice(choice), conf(master, amount))).hasToString(device);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "cuda, spark://host:7077, -, is none",
        "auto, yarn, 2, is 2",
        "cuda, yarn, 2, is 2",
        "cuda:1, yarn, 1, set engine.device to cuda"
      })
  void settingsByWhichNoExecutorHasItsGpuAreRefused(
      String choice, String master, String amount, String words) {
    assertThatThrownBy(() -> ExecutorDevice.check(choice(choice), conf(master, amount)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll(AMOUNT, "engine.device", words);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "auto, spark://host:7077, -",
        "auto, yarn, 1",
        "cuda, yarn, 1",
        "cpu, yarn, 2",
        "cuda:1, local[2], -"
      })
  void othersAreNot(String choice, String master, String amount) {
    assertThatCode(() -> ExecutorDevice.check(choice(choice), conf(master, amount)))
        .doesNotThrowAnyException();
  }

  private static Map<String, ResourceInformation> gpus(String... addresses) {
    return Map.of("gpu", new ResourceInformation("gpu", addresses));
  }

  @Test
  void anExecutorHasTheOneThatSparkGave() {
    assertThat(ExecutorDevice.given(gpus("3"))).isEqualTo(Device.Cuda.at("3"));
    assertThatThrownBy(() -> ExecutorDevice.given(gpus("0", "1")))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll("several", AMOUNT + " to 1", "[0, 1]");
    assertThatThrownBy(() -> ExecutorDevice.given(Map.of()))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll("none", AMOUNT + " to 1", "engine.device to cpu");
  }

  /** Where Spark gives nothing, who wants the processor is not asked for a GPU's address. */
  @Test
  void theProcessorNeedsNothingOfSpark() {
    assertThat(ExecutorDevice.here(Device.PROCESSOR, conf("yarn", "1")))
        .isEqualTo(Device.PROCESSOR);
    Device second = Device.Cuda.numbered(1);
    assertThat(ExecutorDevice.here(second, conf("local[2]", null))).isEqualTo(second);
    assertThatThrownBy(() -> ExecutorDevice.here(second, conf("yarn", "1")))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("has given this executor none");
  }
}
