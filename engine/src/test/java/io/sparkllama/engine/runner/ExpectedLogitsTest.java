package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import java.io.IOException;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Compares greedy runs with an independent computation in float64 over the same weights. */
class ExpectedLogitsTest {
  /**
   * Bounds the error of a logit. A chain of n fused multiply-adds in float32 is off by at most n *
   * 2^-24 of the sum of magnitudes; the longest here has 384 terms, and a logit passes through
   * about 7 of them per layer and five layers, whose errors add up like a random walk: sqrt(35) *
   * 384 * 2^-24 = 1.4e-4 of magnitudes that reach 20, so 2.7e-3. The expected values have five
   * decimals.
   */
  private static final double TOLERANCE = 2.7e-3;

  @ParameterizedTest
  @CsvSource({
    "stories260K, REFERENCE", "stories260K, AUTO",
    "tinystories656K, REFERENCE", "tinystories656K, AUTO",
    "babyllama105, REFERENCE", "babyllama105, AUTO"
  })
  void greedyRunsAgree(String model, InstructionSet instructionSet) throws IOException {
    EngineOptions options =
        EngineOptions.defaults()
            .withKvCacheType(KvCacheType.F32)
            .withInstructionSet(instructionSet)
            .withThreads(2);
    JsonNode expected =
        new ObjectMapper().readTree(SharedModel.path("expected/" + model + ".json").toFile());
    try (NativeModelRunner runner = SharedModel.named(model + ".f32.gguf").runner(options)) {
      BatchBuffer buffer = runner.newBuffer();
      for (JsonNode run : expected.get("cases")) {
        compare(run, runner, buffer);
      }
    }
  }

  private static void compare(JsonNode run, NativeModelRunner runner, BatchBuffer buffer) {
    int[] prompt = integers(run.get("prompt_ids"));
    int[] greedy = integers(run.get("greedy_ids"));
    int blocks = (prompt.length + greedy.length) / runner.blockSize() + 1;
    TestSequence sequence =
        TestSequence.greedy(prompt, IntStream.range(0, blocks).map(i -> 2 * i).toArray());
    for (int step = 0; step < greedy.length; step++) {
      new StepWriter(buffer, runner.blockSize())
          .tokens(sequence, sequence.pending())
          .logits(LogitsFlag.SAMPLE, 5);
      runner.submit(buffer);
      runner.collect();
      compareRow(run.get("top5_per_step").get(step), buffer);
      int token = buffer.getInt(BatchSection.RESULT_TOKEN, 0);
      assertThat(token).as("step %d of %s", step, run.get("prompt")).isEqualTo(greedy[step]);
      assertThat(buffer.getInt(BatchSection.RESULT_ARGMAX, 0)).isEqualTo(token);
      sequence.append(token);
    }
  }

  private static void compareRow(JsonNode top, BatchBuffer buffer) {
    for (int i = 0; i < 5; i++) {
      double expected = top.get(i).get(1).asDouble();
      assertThat((double) buffer.getFloat(BatchSection.RESULT_TOP_LOGIT, i))
          .isCloseTo(expected, within(TOLERANCE));
      boolean distinct =
          (i == 0 || top.get(i - 1).get(1).asDouble() - expected > 2 * TOLERANCE)
              && (i == 4 || expected - top.get(i + 1).get(1).asDouble() > 2 * TOLERANCE);
      if (distinct && i < 4) {
        assertThat(buffer.getInt(BatchSection.RESULT_TOP_ID, i))
            .isEqualTo(top.get(i).get(0).asInt());
      }
    }
    double logSumExp = top.get(5).get(1).asDouble();
    assertThat((double) buffer.getFloat(BatchSection.RESULT_LOG_SUM_EXP, 0))
        .isCloseTo(logSumExp, within(TOLERANCE));
    assertThat((double) buffer.getFloat(BatchSection.RESULT_LOG_PROBABILITY, 0))
        .isCloseTo(top.get(0).get(1).asDouble() - logSumExp, within(2 * TOLERANCE));
  }

  private static int[] integers(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
