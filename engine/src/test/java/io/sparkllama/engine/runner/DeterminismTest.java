package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Holds that a sequence's numbers are the same bits whatever it runs beside, however its prompt is
 * cut, and however many threads or whichever kernels run it.
 */
class DeterminismTest {
  private static final int NEW_TOKENS = 12;
  private static final int[] PROMPT_LENGTHS = {1, 2, 15, 16, 17, 40, 100};

  @ParameterizedTest
  @CsvSource({
    "stories260K.f32.gguf, F32",
    "stories260K.f16.gguf, F16",
    "quantized/stories260K.Q4_K_M.gguf, Q8",
    "quantized/tinystories656K.Q4_K_M.gguf, F16",
    "quantized/tinystories656K.Q8_0.gguf, Q8"
  })
  void neitherMixNorThreadsChangeABit(String name, KvCacheType kvCacheType) {
    SharedModel model = SharedModel.named(name);
    EngineOptions options = EngineOptions.defaults().withKvCacheType(kvCacheType).withThreads(1);
    List<List<GenerationRun.Row>> alone = run(model, options, 512, 1);
    assertThat(alone).allSatisfy(rows -> assertThat(rows).hasSize(NEW_TOKENS));
    assertThat(run(model, options, 512, 64)).isEqualTo(alone);
    assertThat(run(model, options, 16, 3)).isEqualTo(alone);
    assertThat(run(model, options.withThreads(2), 1, 64)).isEqualTo(alone);
    assertThat(run(model, options.withThreads(3), 7, 5)).isEqualTo(alone);
    assertThat(run(model, options.withInstructionSet(InstructionSet.REFERENCE), 512, 64))
        .isEqualTo(alone);
  }

  private static List<List<GenerationRun.Row>> run(
      SharedModel model, EngineOptions options, int chunk, int batch) {
    try (NativeModelRunner runner = model.runner(options)) {
      return new GenerationRun(runner, chunk, batch).generate(sequences(runner), NEW_TOKENS);
    }
  }

  /** Makes sequences of odd lengths, half of them sampled, on blocks that lie apart. */
  private static List<TestSequence> sequences(NativeModelRunner runner) {
    SplittableRandom random = new SplittableRandom(7);
    List<TestSequence> sequences = new ArrayList<>();
    int perSequence = (128 + runner.blockSize() - 1) / runner.blockSize();
    for (int length : PROMPT_LENGTHS) {
      int first = sequences.size();
      int[] blocks =
          IntStream.range(0, perSequence).map(i -> i * PROMPT_LENGTHS.length + first).toArray();
      int[] tokens = random.ints(length, 3, 500).toArray();
      sequences.add(
          first % 2 == 0
              ? TestSequence.greedy(tokens, blocks)
              : TestSequence.sampled(tokens, 0.8f, 40, 0.95f, 0.01f, first * 977L, blocks));
    }
    return sequences;
  }
}
