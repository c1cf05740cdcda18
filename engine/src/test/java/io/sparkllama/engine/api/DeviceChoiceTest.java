package io.sparkllama.engine.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds how devices are named, and which options do not go with a GPU. */
class DeviceChoiceTest {
  @ParameterizedTest
  @CsvSource({"auto, cpu", "cpu, cpu", "cuda, cuda:0", "cuda:0, cuda:0", "cuda:13, cuda:13"})
  void whereNobodySharesDevicesOutTheNumberChooses(String text, String device) {
    DeviceChoice choice = DeviceChoice.of(text).orElseThrow();
    assertThat(choice.here()).hasToString(device);
    assertThat(choice).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1,2", "cuda:99999", "cpu:0"})
  void whatIsNoChoiceIsNone(String text) {
    assertThat(DeviceChoice.of(text)).isEmpty();
  }

  @Test
  void anAddressIsOneDevice() {
    assertThat(Device.Cuda.at("3")).hasToString("cuda:3").returns(0, Device.Cuda::number);
    String part = "MIG-GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f/7/0";
    assertThat(Device.Cuda.at(part).address()).isEqualTo(part);
    for (String wrong : List.of("", "0,1", "0 1", "a\nb", "x".repeat(129))) {
      assertThatThrownBy(() -> Device.Cuda.at(wrong))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("correct the discovery script of the resource gpu");
    }
  }

  @Test
  void aGpuIsOpenedInAWorkerAloneAndRunsNoAdapters() {
    EngineOptions options = EngineOptions.defaults().withDevice(Device.Cuda.numbered(0));
    assertThatThrownBy(() -> options.withIsolation(Isolation.NONE))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContainingAll("engine.isolation to process", "engine.device to cpu");
    List<AdapterFile> adapters = List.of(new AdapterFile("a", Path.of("a.gguf"), 1));
    assertThatThrownBy(() -> options.withAdapters(adapters))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("set engine.device to cpu");
    EngineOptions processor = options.withDevice(Device.PROCESSOR);
    assertThatCode(() -> processor.withIsolation(Isolation.NONE).withAdapters(adapters))
        .doesNotThrowAnyException();
  }

  @Test
  void aStepOnAGpuIsLarger() {
    assertThat(BatchLimits.usual(Device.PROCESSOR)).isEqualTo(new BatchLimits(64, 512, 512));
    assertThat(BatchLimits.usual(Device.Cuda.numbered(1)))
        .isEqualTo(new BatchLimits(256, 2048, 2048));
  }
}
