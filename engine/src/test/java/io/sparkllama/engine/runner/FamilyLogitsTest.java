package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.sparkllama.engine.FamilyModel;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the logits of each family of models against those of transformers in float32. */
class FamilyLogitsTest {
  @TempDir Path directory;

  private EngineOptions options(FamilyModel.Case expected) {
    return EngineOptions.defaults()
        .withThreads(2)
        .withKvCacheType(KvCacheType.F32)
        .withContextLength(expected.contextLength())
        .withCacheDirectory(directory);
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.FamilyModel#all")
  void logitsAreWithinTheirTolerance(FamilyModel family) {
    SharedModel model = SharedModel.at(family.gguf(directory));
    for (FamilyModel.Case expected : family.cases()) {
      float[][] actual = logits(model, options(expected), expected);
      for (int row = 0; row < actual.length; row++) {
        FamilyModel.Logits logits = expected.logits().get(row);
        for (int id = 0; id < logits.values().length; id++) {
          // The two roundings of what is put together here.
          double rounding = 2 * Math.ulp(64f);
          assertThat((double) actual[row][id])
              .as("id %d at %d of %s", id, logits.position(), expected.prompt())
              .isCloseTo(logits.values()[id], within(expected.tolerance() + rounding));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.FamilyModel#all")
  void allInstructionSetsGiveTheSameBits(FamilyModel family) {
    SharedModel model = SharedModel.at(family.gguf(directory));
    FamilyModel.Case expected = family.cases().get(family.cases().size() - 1);
    for (KvCacheType type : KvCacheType.values()) {
      EngineOptions options = options(expected).withKvCacheType(type);
      float[][] reference =
          logits(model, options.withInstructionSet(InstructionSet.REFERENCE), expected);
      assertThat(logits(model, options.withThreads(3), expected)).isDeepEqualTo(reference);
      for (InstructionSet set : InstructionSet.values()) {
        try {
          assertThat(logits(model, options.withInstructionSet(set), expected))
              .as("%s", set)
              .isDeepEqualTo(reference);
        } catch (InvalidConfigurationException e) {
          assertThat(set).isNotEqualTo(InstructionSet.AUTO); // another processor's
        }
      }
    }
  }

  /** Holds that the numbers above would tell if a tensor were not read, or read wrongly. */
  @ParameterizedTest
  @MethodSource("io.sparkllama.engine.FamilyModel#all")
  void everyTensorMatters(FamilyModel family) throws IOException {
    Path file = family.gguf(directory);
    FamilyModel.Case expected = family.cases().get(family.cases().size() - 1);
    float[][] whole = logits(SharedModel.at(file), options(expected), expected);
    for (TensorInfo tensor : GgufFile.read(file).tensors()) {
      if (tensor.name().startsWith("rope_factors")) {
        continue; // numbers that must be positive, one set for each of two cases
      }
      Path other = Files.copy(file, directory.resolve("without-" + tensor.name() + ".gguf"));
      try (FileChannel channel = FileChannel.open(other, StandardOpenOption.WRITE)) {
        channel.write(ByteBuffer.allocate((int) tensor.byteSize()), tensor.offset());
      }
      float[][] without = logits(SharedModel.at(other), options(expected), expected);
      double largest = 0;
      for (int row = 0; row < whole.length; row++) {
        for (int id = 0; id < whole[row].length; id++) {
          largest = Math.max(largest, Math.abs(whole[row][id] - without[row][id]));
        }
      }
      assertThat(largest).as(tensor.name()).isGreaterThan(100 * expected.tolerance());
    }
  }

  /** Returns the logits of the case's rows: [rows, vocabulary]. */
  private static float[][] logits(
      SharedModel model, EngineOptions options, FamilyModel.Case expected) {
    int vocabulary = model.config().vocabularySize();
    int[] ids = expected.ids();
    try (NativeModelRunner runner = model.runner(options)) {
      BatchBuffer buffer = runner.newBuffer();
      int[] blocks = IntStream.range(0, ids.length / runner.blockSize() + 1).toArray();
      StepWriter writer =
          new StepWriter(buffer, runner.blockSize())
              .tokens(TestSequence.greedy(ids, blocks), ids.length);
      for (FamilyModel.Logits row : expected.logits()) {
        writer.logitsOf(row.position(), 0, 0, IntStream.range(0, vocabulary).toArray());
      }
      runner.submit(buffer);
      runner.collect();
      List<float[]> rows = new ArrayList<>();
      for (int row = 0; row < expected.logits().size(); row++) {
        float[] logits = new float[vocabulary];
        for (int id = 0; id < vocabulary; id++) {
          logits[id] =
              buffer.getFloat(
                      BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY, (long) row * vocabulary + id)
                  + buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, row);
        }
        rows.add(logits);
      }
      return rows.toArray(new float[0][]);
    }
  }
}
