package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.FamilyModel;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.DeviceMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.store.PackedPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds how an engine is fitted into a GPU's memory. */
class DeviceFitTest {
  private static final long MEBIBYTE = 1 << 20;
  private static final DeviceMemory FIXED = new DeviceMemory(600 * MEBIBYTE, 0, 100 * MEBIBYTE);
  private static final Device GPU = Device.Cuda.numbered(0);

  private static DeviceFacts free(long mebibytes) {
    return new DeviceFacts("A card", mebibytes * MEBIBYTE, 81_920 * MEBIBYTE, 132, 9, 0);
  }

  private static DeviceFit fit(long given) {
    return new DeviceFit(given * MEBIBYTE, 5000 * MEBIBYTE, 200 * MEBIBYTE, FIXED);
  }

  @Test
  void theCacheHasWhatIsLeftOfNineTenthsAndNoMoreThanAllSequencesNeed() {
    assertThat(fit(0).on(free(2000)).kvCache()).isEqualTo(1100 * MEBIBYTE);
    assertThat(fit(0).on(free(80_000)).kvCache()).isEqualTo(5000 * MEBIBYTE);
    assertThat(fit(0).on(free(1000)).kvCache()).isEqualTo(200 * MEBIBYTE);
    assertThatThrownBy(() -> fit(0).on(free(999)))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessageContainingAll("lower engine.context-length", "set engine.device to cpu")
        .hasMessageEndingWith(
            "weights 600.0 MiB, KV cache at least 200.0 MiB, buffers 100.0 MiB, and there are A"
                + " card, compute capability 9.0, 132 multiprocessors, 999.0 MiB of 80.0 GiB free");
  }

  @Test
  void bytesThatAreGivenWinAsLongAsTheyFitAtAll() {
    assertThat(fit(1300).on(free(2000)).kvCache()).isEqualTo(1300 * MEBIBYTE);
    assertThat(fit(1).on(free(2000)).kvCache()).isEqualTo(MEBIBYTE);
    assertThatThrownBy(() -> fit(1301).on(free(2000)))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessageContainingAll("lower engine.kv-cache-memory", "KV cache at least 1.3 GiB");
    assertThat(fit(0).memory().kvCache()).isZero();
  }

  @Test
  void whatCannotBeHadIsAskedForInSmallerPieces() {
    List<Long> asked = new ArrayList<>();
    long had = DeviceRunner.smaller(1000, 400, bytes -> bytes > 450 ? refuse(asked, bytes) : bytes);
    assertThat(had).isEqualTo(420);
    assertThat(asked).containsExactly(1000L, 750L, 561L);
  }

  @Test
  void notLessThanTheLeastIsAskedForAndNotForEver() {
    List<Long> asked = new ArrayList<>();
    assertThatThrownBy(() -> DeviceRunner.smaller(1000, 700, bytes -> refuse(asked, bytes)))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessage("700 is too much");
    assertThat(asked).containsExactly(1000L, 750L, 700L);
    asked.clear();
    assertThatThrownBy(() -> DeviceRunner.smaller(1 << 20, 1, bytes -> refuse(asked, bytes)))
        .isInstanceOf(InsufficientMemoryException.class);
    assertThat(asked).hasSize(5);
  }

  private static long refuse(List<Long> asked, long bytes) {
    asked.add(bytes);
    throw new InsufficientMemoryException(bytes + " is too much");
  }

  /** Bits of a weight: its code, and its part of scales and minimums of 16 bits, or 8 of subs. */
  @ParameterizedTest
  @CsvSource({
    "F32, 32",
    "F16, 16",
    "BF16, 16",
    "Q8_0, 8.5", // 8 + 16 / 32
    "Q5_0, 8.5",
    "IQ4_NL, 8.5",
    "Q5_1, 9", // 8 + 2 * 16 / 32
    "Q4_0, 4.5",
    "Q4_1, 5",
    "Q2_K, 5.125", // 4 + 2 * 16 / 256 + 2 * 8 / 16
    "Q3_K, 4.5625",
    "Q4_K, 4.625",
    "Q5_K, 8.625",
    "Q6_K, 8.5625",
    "IQ4_XS, 8.3125"
  })
  void aWeightTakesItsCodeAndItsPartOfScales(QuantizationType type, double bits) {
    assertThat(8.0 * DeviceWeights.matrixBytes(type, 256, 4096) / 256 / 4096).isEqualTo(bits);
  }

  @Test
  void everyTypeIsCountedAndRowsAndColumnsAreFilledUp() {
    for (QuantizationType type : QuantizationType.values()) {
      assertThat(DeviceWeights.matrixBytes(type, 17, 256))
          .isEqualTo(DeviceWeights.matrixBytes(type, 32, 256))
          .isGreaterThan(DeviceWeights.matrixBytes(type, 16, 256));
    }
    assertThat(DeviceWeights.matrixBytes(QuantizationType.Q8_0, 16, 96))
        .isEqualTo(DeviceWeights.matrixBytes(QuantizationType.Q8_0, 16, 128))
        .isEqualTo(2304); // 2 * 1,088, on a border of 256
  }

  @Test
  void aModelsPartsAreThoseOfItsTensors() {
    SharedModel model = SharedModel.named("quantized/tinystories656K.Q8_0.gguf");
    ModelFile file = ModelFile.open(SharedModel.path("models/quantized/tinystories656K.Q8_0.gguf"));
    EngineOptions options = EngineOptions.defaults().withDevice(GPU).withBatchLimits(2, 64, 64);
    DeviceMemory memory = file.deviceMemory(options);
    long packed = PackedPlan.of(file.config(), file.weights()).length();
    assertThat(memory.weights()).isBetween(packed * 98 / 100, packed * 110 / 100);
    assertThat(memory.kvCache()).isZero();
    long context = file.contextBytes(options);
    assertThat(file.deviceMemory(options, free(4000)).kvCache()).isEqualTo(2 * context);
    // Of this machine's memory neither weights nor cache take any.
    assertThat(NativeModelRunner.memory(model.config(), packed, options, List.of()))
        .satisfies(
            here -> {
              assertThat(here.weights() + here.kvCache()).isZero();
              assertThat(here.buffers()).isPositive();
            });
  }

  @Test
  void expertsAreRefused(@TempDir Path directory) {
    FamilyModel family =
        FamilyModel.all().filter(one -> one.name().equals("mixtral")).findAny().orElseThrow();
    ModelFile file = ModelFile.open(family.gguf(directory));
    file.check(EngineOptions.defaults());
    assertThatThrownBy(() -> file.check(EngineOptions.defaults().withDevice(GPU)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("experts")
        .hasMessageContaining("set engine.device to cpu");
  }
}
