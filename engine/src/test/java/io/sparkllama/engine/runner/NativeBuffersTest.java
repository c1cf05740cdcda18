package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.FamilyModel;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.KvCacheType;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds what Java foretells of native memory to what native code takes, to the byte. */
class NativeBuffersTest {
  @ParameterizedTest
  @CsvSource({
    "stories260K.f32.gguf, 64, 512, 1",
    "stories260K.f32.gguf, 1, 1, 3",
    "stories260K.f16.gguf, 100, 4096, 2",
    "quantized/stories260K.Q4_K_M.gguf, 300, 777, 5",
    "quantized/tinystories656K.Q8_0.gguf, 7, 63, 2",
    "quantized/tinystories656K.Q4_K_M.gguf, 2, 8192, 1"
  })
  void javaForetellsEachByte(String name, int sequences, int tokens, int threads) {
    assertForetold(
        SharedModel.named(name),
        EngineOptions.defaults()
            .withThreads(threads)
            .withKvCacheType(KvCacheType.Q8)
            .withBatchLimits(sequences, tokens, 16));
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.FamilyModel#all")
  void javaForetellsEachByteOfEachFamily(FamilyModel family, @TempDir Path directory) {
    assertForetold(
        SharedModel.at(family.gguf(directory)),
        EngineOptions.defaults()
            .withThreads(1)
            .withBatchLimits(8, 128, 16)
            .withCacheDirectory(directory));
  }

  private static void assertForetold(SharedModel model, EngineOptions options) {
    EngineMemory foretold = NativeModelRunner.memory(model.config(), 0, options, List.of());

    try (NativeModelRunner runner = model.runner(options)) {
      assertThat(foretold.buffers()).isEqualTo(runner.bufferBytes());
      long kvCache = 0;
      for (int group = 0; group < runner.kvGroups().size(); group++) {
        kvCache += runner.blockCounts()[group] * runner.kvGroups().get(group).bytesPerBlock();
      }
      assertThat(foretold.kvCache()).isEqualTo(kvCache);
      assertThat(foretold.batch()).isEqualTo(runner.newBuffer().bytes().capacity());
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, 8", "F16, 4", "Q8, 3"})
  void aTokensKeysAndValuesStandInEveryLayer(KvCacheType type, int bytesOfTwo) {
    SharedModel model = SharedModel.named("stories260K.f32.gguf");
    // 5 layers, keys and values, 4 heads of 8; q8 has a scale of 4 bytes beside 8 codes.
    assertThat(NativeModelRunner.kvBytesPerToken(model.config(), type))
        .isEqualTo(5 * 2 * 4 * 8 / 2 * bytesOfTwo);
  }
}
