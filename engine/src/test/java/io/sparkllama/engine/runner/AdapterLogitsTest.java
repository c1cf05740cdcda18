package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.AdapterModel;
import io.sparkllama.engine.FamilyModel;
import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineMemory;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.Adapter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the logits of models with adapters against those of PEFT in float32. */
@Timeout(300)
class AdapterLogitsTest {
  @TempDir Path directory;

  private EngineOptions options() {
    return EngineOptions.defaults()
        .withThreads(2)
        .withKvCacheType(KvCacheType.F32)
        .withCacheDirectory(directory);
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void logitsAreWithinTheirTolerance(AdapterModel model) {
    SharedModel base = SharedModel.at(model.family().gguf(directory));
    for (String name : AdapterModel.NAMES) {
      for (FamilyModel.Case expected : model.cases(name)) {
        try (NativeModelRunner runner = runner(base, model.adapters(), options())) {
          float[][] actual = logits(runner, AdapterModel.NAMES.indexOf(name), expected);
          for (int row = 0; row < actual.length; row++) {
            FamilyModel.Logits logits = expected.logits().get(row);
            for (int id = 0; id < logits.values().length; id++) {
              // The two roundings of what is put together here.
              double rounding = 2 * Math.ulp(64f);
              assertThat((double) actual[row][id])
                  .as("id %d at %d of %s with %s", id, logits.position(), expected.prompt(), name)
                  .isCloseTo(logits.values()[id], within(expected.tolerance() + rounding));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void allInstructionSetsGiveTheSameBits(AdapterModel model) {
    SharedModel base = SharedModel.at(model.family().gguf(directory));
    FamilyModel.Case expected = model.cases("first").get(1);
    float[][] reference = kinds(base, model, expected, InstructionSet.REFERENCE);
    for (InstructionSet set : InstructionSet.values()) {
      try {
        assertThat(kinds(base, model, expected, set)).as("%s", set).isDeepEqualTo(reference);
      } catch (InvalidConfigurationException e) {
        assertThat(set).isNotEqualTo(InstructionSet.AUTO); // another processor's
      }
    }
    try (NativeModelRunner without = runner(base, List.of(), options())) {
      assertThat(logits(without, -1, expected))
          .isDeepEqualTo(Arrays.copyOf(reference, expected.logits().size()));
    }
  }

  /** Returns the logits without an adapter, then those with each. */
  private float[][] kinds(
      SharedModel base, AdapterModel model, FamilyModel.Case expected, InstructionSet set) {
    EngineOptions options = options().withInstructionSet(set);
    try (NativeModelRunner runner = runner(base, model.adapters(), options)) {
      List<float[]> rows = new ArrayList<>();
      for (int adapter = -1; adapter < AdapterModel.NAMES.size(); adapter++) {
        rows.addAll(Arrays.asList(logits(runner, adapter, expected)));
      }
      assertThat(rows.stream().map(Arrays::hashCode)).doesNotHaveDuplicates();
      return rows.toArray(new float[0][]);
    }
  }

  /** Holds that the numbers above would tell if a matrix were not read, or read wrongly. */
  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void everyMatrixMatters(AdapterModel model) throws IOException {
    SharedModel base = SharedModel.at(model.family().gguf(directory));
    AdapterFile adapter = model.adapter("first");
    FamilyModel.Case expected = model.cases("first").get(1);
    float[][] whole = logits(base, adapter, expected);
    for (TensorInfo tensor : GgufFile.read(adapter.path()).tensors()) {
      Path other = directory.resolve("without-" + tensor.name() + ".gguf");
      Files.write(other, Files.readAllBytes(adapter.path()));
      try (FileChannel channel = FileChannel.open(other, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate((int) tensor.byteSize()), tensor.offset());
      }
      float[][] without = logits(base, new AdapterFile("other", other, 1), expected);
      double largest = 0;
      for (int row = 0; row < whole.length; row++) {
        for (int id = 0; id < whole[row].length; id++) {
          largest = Math.max(largest, Math.abs(whole[row][id] - without[row][id]));
        }
      }
      assertThat(largest).as(tensor.name()).isGreaterThan(100 * expected.tolerance());
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void javaForetellsEachByte(AdapterModel model) {
    SharedModel base = SharedModel.at(model.family().gguf(directory));
    EngineOptions options = options().withThreads(3);
    List<Adapter> adapters = base.adapters(model.adapters());
    EngineMemory foretold = NativeModelRunner.memory(base.config(), 0, options, adapters);
    try (NativeModelRunner runner = runner(base, model.adapters(), options)) {
      assertThat(runner.bufferBytes()).isEqualTo(foretold.buffers());
      assertThat(runner.adapterBytes()).isEqualTo(foretold.adapters()).isPositive();
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.AdapterModel#all")
  void aStepThatNamesAnotherAdapterIsRefused(AdapterModel model) {
    SharedModel base = SharedModel.at(model.family().gguf(directory));
    FamilyModel.Case expected = model.cases("first").get(0);
    try (NativeModelRunner runner = runner(base, model.adapters(), options())) {
      for (int id : new int[] {2, -2, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
        assertThatThrownBy(() -> logits(runner, id, expected))
            .isInstanceOf(EngineFailedException.class)
            .hasMessageContaining("an adapter is not there");
      }
    }
  }

  private float[][] logits(SharedModel base, AdapterFile adapter, FamilyModel.Case expected) {
    try (NativeModelRunner runner = runner(base, List.of(adapter), options())) {
      return logits(runner, 0, expected);
    }
  }

  private static NativeModelRunner runner(
      SharedModel base, List<AdapterFile> adapters, EngineOptions options) {
    NativeModelRunner runner = base.runner(options);
    base.adapters(adapters).forEach(runner::open);
    return runner;
  }

  /** Returns the logits of the case's rows: [rows, vocabulary]. */
  private static float[][] logits(
      NativeModelRunner runner, int adapter, FamilyModel.Case expected) {
    int vocabulary = expected.logits().get(0).values().length;
    int[] ids = expected.ids();
    BatchBuffer buffer = runner.newBuffer();
    int[] blocks = IntStream.range(0, ids.length / runner.blockSize() + 1).toArray();
    StepWriter writer =
        new StepWriter(buffer, runner.blockSize())
            .tokens(TestSequence.greedy(ids, blocks), ids.length);
    for (FamilyModel.Logits row : expected.logits()) {
      writer.logitsOf(row.position(), 0, 0, IntStream.range(0, vocabulary).toArray());
    }
    buffer.setInt(BatchSection.SEQUENCE_ADAPTER, 0, adapter);
    runner.submit(buffer);
    runner.collect();
    List<float[]> rows = new ArrayList<>();
    for (int row = 0; row < expected.logits().size(); row++) {
      float[] logits = new float[vocabulary];
      for (int id = 0; id < vocabulary; id++) {
        long place = (long) row * vocabulary + id;
        logits[id] =
            buffer.getFloat(BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, place)
                + buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, row);
      }
      rows.add(logits);
    }
    return rows.toArray(new float[0][]);
  }
}
