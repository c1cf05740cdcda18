package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.EmulatedLibrary;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.model.ModelConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Holds what Java foretells of a GPU's buffers to what native code takes, to the byte. */
@Timeout(120)
class DeviceBuffersTest {
  private static final long STAGED_MASKS = 64;

  private static long rounded(long bytes) {
    return NativeBuffers.arrayBytes(bytes);
  }

  /** What the worker tells beside the device's: its own copies and one thread's sampler. */
  private static long hostBytes(ModelConfig config, BatchCapacity capacity, DeviceBuffers device) {
    long vocabulary = config.vocabularySize();
    long chunks = (vocabulary + 63) / 64;
    return device.sampling()
        + STAGED_MASKS * chunks * Long.BYTES
        + rounded(4L * capacity.tokens())
        + rounded(4L * capacity.logitsRows())
        + rounded(0) // of a shared expert
        + rounded(8 * vocabulary)
        + 2 * rounded(4 * chunks)
        + rounded(8 * ((vocabulary + 1023) / 1024));
  }

  @ParameterizedTest
  @CsvSource({
    "stories260K.f32.gguf, 64, 512",
    "stories260K.f32.gguf, 1, 1",
    "quantized/stories260K.Q4_K_M.gguf, 300, 777",
    "quantized/tinystories656K.Q8_0.gguf, 7, 63"
  })
  void javaForetellsEachByte(String name, int sequences, int tokens, @TempDir Path folder)
      throws Exception {
    EmulatedLibrary.copyTo(folder);
    ModelFile model = ModelFile.open(SharedModel.path("models/" + name));
    EngineOptions options =
        EngineOptions.defaults()
            .withThreads(1)
            .withBatchLimits(sequences, tokens, 16)
            .withKvCacheMemory(64 << 20)
            .withNativeDirectory(folder)
            .withDevice(Device.Cuda.numbered(0));
    DeviceFacts facts = WorkerTrial.run(options).orElseThrow();
    BatchCapacity capacity =
        RunnerSetup.capacity(model.config(), KvPlan.of(model.config(), options), options);
    DeviceBuffers buffers = DeviceBuffers.of(model.config(), capacity, facts.multiprocessors());
    long told =
        buffers.total()
            - buffers.uploads()
            - buffers.slabs()
            + hostBytes(model.config(), capacity, buffers);
    try (WorkerModelRunner runner = WorkerRunners.open(model, options)) {
      assertThat(told).isEqualTo(runner.bufferBytes());
    }
  }

  /** A context of a million has 1,024 segments, of each sequence and head. */
  @Test
  void longContextsNeedMemoryForEachSegment() {
    ModelConfig config = SharedModel.named("stories260K.f32.gguf").config(); // 8 heads of 8
    BatchCapacity capacity = new BatchCapacity(2048, 256, 256, 1, 1, 1, 65_536, 256, 8);
    long segments = 256L * 1024 * 8 * (8 + 4) * 4;
    long tiles = 3L * 132 * 1024 * 64 * 4;
    assertThat(DeviceBuffers.of(config, capacity, 132).attention()).isEqualTo(segments + tiles);
    assertThat(DeviceBuffers.of(config, capacity, 14).attention())
        .isEqualTo(segments + 3L * 14 * 1024 * 64 * 4);
  }

  @Test
  void aGpuHasRoomForTheLogitsOf256RowsAndFourUploads() {
    ModelConfig config = SharedModel.named("stories260K.f32.gguf").config();
    BatchCapacity capacity = new BatchCapacity(2048, 256, 256, 1, 1, 1, 32, 256, 8);
    DeviceBuffers buffers = DeviceBuffers.of(config, capacity, 132);
    assertThat(buffers.logits()).isEqualTo(256L * 512 * 4);
    assertThat(buffers.masks()).isEqualTo(2048L * 512 / 8);
    assertThat(buffers.uploads()).isEqualTo(64L << 20);
  }
}
