package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.store.PackedModel;
import io.sparkllama.engine.store.PackedPlace;
import io.sparkllama.engine.store.PackedPlan;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class NativeModelRunnerTest {
  private static final String MODEL = "stories260K.f32.gguf";
  private static final int[] PROMPT = {1, 403, 407, 261, 378};

  @TempDir Path folder;

  @Test
  void candidatesAndTopTokensAgree() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer buffer = runner.newBuffer();
      new StepWriter(buffer, runner.blockSize())
          .tokens(TestSequence.greedy(PROMPT, 0), PROMPT.length)
          .logits(0, 2, 383, 432);
      run(runner, buffer);
      assertThat(buffer.getInt(BatchSection.RESULT_TOKEN, 0)).isEqualTo(-1);
      assertThat(buffer.getFloat(BatchSection.RESULT_LOG_PROBABILITY, 0)).isNaN();
      assertThat(buffer.getInt(BatchSection.RESULT_ARGMAX, 0)).isEqualTo(432);
      float logSumExp = buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 0);
      for (int i = 0; i < 2; i++) {
        int top = 1 - i; // the candidates are asked for in the other order
        assertThat(buffer.getInt(BatchSection.RESULT_TOP_ID, top)).isEqualTo(i == 0 ? 383 : 432);
        assertThat(buffer.getFloat(BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, i))
            .isCloseTo(
                buffer.getFloat(BatchSection.RESULT_TOP_LOGIT, top) - logSumExp,
                within(2 * Math.ulp(logSumExp))); // one rounding here, one there
      }
    }
  }

  @Test
  void adjustmentsChangeTheSampledTokenAlone() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer buffer = runner.newBuffer();
      new StepWriter(buffer, runner.blockSize())
          .tokens(TestSequence.greedy(PROMPT, 0), PROMPT.length)
          .logits(LogitsFlag.SAMPLE, 2, 432)
          .tokens(TestSequence.greedy(PROMPT, 1), PROMPT.length)
          .logits(LogitsFlag.SAMPLE, 2, 432)
          .adjust(432, -1, -100);
      run(runner, buffer);
      assertThat(buffer.getInt(BatchSection.RESULT_TOKEN, 0)).isEqualTo(432);
      assertThat(buffer.getInt(BatchSection.RESULT_TOKEN, 1)).isEqualTo(383);
      assertThat(buffer.getInt(BatchSection.RESULT_ARGMAX, 1)).isEqualTo(432);
      assertThat(buffer.getInt(BatchSection.RESULT_TOP_ID, 8)).isEqualTo(432);
      for (BatchSection same :
          new BatchSection[] {
            BatchSection.RESULT_LOG_SUM_EXP, BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY
          }) {
        assertThat(buffer.getFloat(same, 1)).isEqualTo(buffer.getFloat(same, 0));
      }
      // The second best of all is the best of what is left.
      double share = Math.exp(buffer.getFloat(BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, 0));
      double second =
          buffer.getFloat(BatchSection.RESULT_TOP_LOGIT, 1)
              - buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 0);
      assertThat((double) buffer.getFloat(BatchSection.RESULT_LOG_PROBABILITY, 1))
          .isEqualTo(second - Math.log(1 - share), within(1e-5));
    }
  }

  @Test
  void everyPositionMayBeAskedFor() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer buffer = runner.newBuffer();
      int rows = 200; // more than are computed at once
      int[] tokens = new int[rows];
      Arrays.setAll(tokens, i -> 3 + i % 400);
      int[] blocks = new int[rows / runner.blockSize() + 1];
      Arrays.setAll(blocks, i -> i);
      StepWriter writer = new StepWriter(buffer, runner.blockSize());
      writer.tokens(TestSequence.greedy(tokens, blocks), rows);
      for (int row = 0; row < rows; row++) {
        writer.logitsOf(row, 0, 1);
      }
      run(runner, buffer);
      BatchBuffer single = runner.newBuffer();
      for (int row : new int[] {0, 63, 64, 65, 127, 128, 199}) {
        new StepWriter(single, runner.blockSize())
            .tokens(TestSequence.greedy(Arrays.copyOf(tokens, row + 1), blocks), row + 1)
            .logits(0, 1);
        run(runner, single);
        assertThat(buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, row))
            .isEqualTo(single.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 0));
        assertThat(buffer.getInt(BatchSection.RESULT_ARGMAX, row))
            .isEqualTo(single.getInt(BatchSection.RESULT_ARGMAX, 0));
      }
    }
  }

  @Test
  void aTokenMayBeWhatThePreviousStepSampled() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer first = runner.newBuffer();
      BatchBuffer second = runner.newBuffer();
      TestSequence sequence = TestSequence.greedy(PROMPT, 0);
      new StepWriter(first, runner.blockSize())
          .tokens(TestSequence.greedy(new int[] {1}, 9), 1)
          .logits(LogitsFlag.SAMPLE, 0)
          .tokens(sequence, PROMPT.length)
          .logits(LogitsFlag.SAMPLE, 0);
      sequence.append(-1 - 1); // row 1
      new StepWriter(second, runner.blockSize()).tokens(sequence, 1).logits(LogitsFlag.SAMPLE, 0);
      run(runner, first);
      run(runner, second);
      assertThat(first.getInt(BatchSection.RESULT_TOKEN, 1)).isEqualTo(432);
      assertThat(second.getInt(BatchSection.RESULT_TOKEN, 0)).isEqualTo(383);
    }
  }

  @ParameterizedTest
  @EnumSource(KvCacheType.class)
  void aCopiedBlockServesAsTheFirstDid(KvCacheType type) {
    EngineOptions options = EngineOptions.defaults().withKvCacheType(type);
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(options)) {
      BatchBuffer buffer = runner.newBuffer();
      TestSequence original = TestSequence.greedy(PROMPT, 3);
      new StepWriter(buffer, runner.blockSize()).tokens(original, PROMPT.length - 1);
      run(runner, buffer);
      TestSequence fork = TestSequence.greedy(PROMPT, 5);
      fork.computed = original.computed;
      new StepWriter(buffer, runner.blockSize())
          .copy(3, 4)
          .copy(4, 5) // in order: what the first copy wrote
          .tokens(original, 1)
          .logits(LogitsFlag.SAMPLE, 1)
          .tokens(fork, 1)
          .logits(LogitsFlag.SAMPLE, 1);
      run(runner, buffer);
      assertThat(buffer.getInt(BatchSection.RESULT_TOKEN, 0)).isEqualTo(432);
      assertThat(buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 1))
          .isEqualTo(buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 0));
    }
  }

  @Test
  void eachGroupOfLayersHasABlockTableOfItsOwn() {
    SharedModel model = SharedModel.named(MODEL);
    EngineOptions options = EngineOptions.defaults().withContextLength(128);
    int[] tokens = new int[100];
    Arrays.setAll(tokens, i -> 3 + i * 37 % 400);
    int[] blocks = {6, 1, 4, 0, 9, 2, 5};
    // A window that is nearly the whole context: two groups, whose layers do what those of one do.
    ModelConfig two =
        model
            .config()
            .withLayers(
                IntStream.of(0, 127, 0, 127, 127)
                    .mapToObj(window -> new ModelConfig.Layer(window, 0))
                    .toList());
    try (NativeModelRunner runner = model.runner(two, options);
        NativeModelRunner single = model.runner(options)) {
      assertThat(runner.kvGroups())
          .extracting(KvGroup::layers)
          .containsExactly(List.of(0, 2), List.of(1, 3, 4));
      TestSequence sequence = TestSequence.greedy(tokens, blocks);
      assertThat(sequence.block(1, 0)).isNotEqualTo(sequence.block(0, 0));
      assertThat(new GenerationRun(runner, 7, 1).generate(List.of(sequence), 10))
          .isEqualTo(
              new GenerationRun(single, 512, 1)
                  .generate(List.of(TestSequence.greedy(tokens, blocks)), 10));
    }
  }

  @Test
  void anEmptyStepIsRun() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer buffer = runner.newBuffer();
      new StepWriter(buffer, runner.blockSize()).copy(0, 1);
      run(runner, buffer);
      assertThat(buffer.get(BatchHeader.COPIES)).isEqualTo(1);
    }
  }

  @Test
  void saysWhatIsInForce() {
    EngineOptions options =
        EngineOptions.defaults().withThreads(3).withInstructionSet(InstructionSet.REFERENCE);
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(options)) {
      assertThat(runner.instructionSet()).isEqualTo("reference");
      assertThat(runner.threads()).isEqualTo(3);
      assertThat(runner.contextLength()).isEqualTo(512);
    }
  }

  @Test
  void closesOnceAndForGood() {
    NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults());
    BatchBuffer buffer = runner.newBuffer();
    new StepWriter(buffer, runner.blockSize());
    runner.close();
    runner.close();
    runner.submit(buffer);
    assertThatThrownBy(runner::collect).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(runner::newBuffer).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void stepsComeOneAtATimeAndFromOwnBuffers() {
    try (NativeModelRunner runner = SharedModel.named(MODEL).runner(EngineOptions.defaults())) {
      BatchBuffer buffer = runner.newBuffer();
      assertThatThrownBy(runner::collect).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> runner.submit(new BatchBuffer(buffer.layout())))
          .isInstanceOf(IllegalArgumentException.class);
      runner.submit(buffer);
      assertThatThrownBy(() -> runner.submit(buffer)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void anotherLayoutIsRefused() {
    BatchLayout layout = new BatchLayout(new BatchCapacity(1, 1, 1, 1, 1, 1, 1, 1, 1));
    NativeModelRunner.requireSameLayout(layout, layout.offsets());
    long[] other = layout.offsets();
    other[7] += 64;
    assertThatThrownBy(() -> NativeModelRunner.requireSameLayout(layout, other))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("lays a batch out otherwise");
  }

  @Test
  void aPackedFileThatIsCutOffMeanwhileIsRefused() throws IOException {
    GgufFile file = GgufFile.read(SharedModel.path("models/" + MODEL));
    ModelConfig config = ModelConfig.of(file);
    WeightMap weights = WeightMap.of(file, config);
    try (PackedModel packed =
        PackedModel.open(
            PackedPlace.in(folder, file), file, PackedPlan.of(config, weights), Optional.empty())) {
      EngineOptions options = EngineOptions.defaults();
      Files.setPosixFilePermissions(packed.file(), PosixFilePermissions.fromString("rw-------"));
      try (RandomAccessFile raw = new RandomAccessFile(packed.file().toFile(), "rw")) {
        raw.setLength(raw.length() - 1);
      }
      assertThatThrownBy(
              () -> NativeModelRunner.open(config, weights, file.parts(), packed, options))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("does not lie within the packed file")
          .hasMessageContaining(packed.file().toString());
      Files.delete(packed.file());
      assertThatThrownBy(
              () -> NativeModelRunner.open(config, weights, file.parts(), packed, options))
          .isInstanceOf(ModelFormatException.class)
          .hasMessageContaining("cannot be opened");
    }
  }

  @Test
  void memoryThatCannotBeHadIsSaid() {
    EngineOptions options = EngineOptions.defaults().withKvCacheMemory(1L << 55);
    SharedModel model = SharedModel.named(MODEL);
    assertThatThrownBy(() -> model.runner(options))
        .isInstanceOf(InsufficientMemoryException.class)
        .hasMessageContaining("engine.kv-cache-memory");
  }

  @Test
  void theCacheHoldsWhatTheOptionsGive() {
    SharedModel model = SharedModel.named(MODEL);
    long block = 5L * 2 * 4 * 16 * 8 * 2; // layers, key and value, heads, positions, head, bytes
    EngineOptions enough = EngineOptions.defaults().withKvCacheMemory(32 * block);
    try (NativeModelRunner runner = model.runner(enough)) {
      assertThat(runner.blockCounts()).containsExactly(32);
      assertThat(runner.kvGroups()).containsExactly(new KvGroup(List.of(0, 1, 2, 3, 4), 0, block));
    }
    try (NativeModelRunner runner = model.runner(EngineOptions.defaults())) {
      assertThat(runner.blockCounts()).containsExactly(64 * 32);
    }
    try (NativeModelRunner runner =
        model.runner(EngineOptions.defaults().withKvCacheMemory(2 * block - 1))) {
      assertThat(runner.blockCounts()).containsExactly(1); // less than a whole context
    }
    assertThatThrownBy(() -> model.runner(EngineOptions.defaults().withKvCacheMemory(block - 1)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.kv-cache-memory")
        .hasMessageContaining(Long.toString(block))
        .hasMessageContaining(Long.toString(32 * block));
    assertThatThrownBy(() -> model.runner(EngineOptions.defaults().withContextLength(513)))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("engine.context-length");
  }

  private static void run(NativeModelRunner runner, BatchBuffer buffer) {
    runner.submit(buffer);
    assertThat(runner.collect()).isSameAs(buffer);
  }
}
