package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Spoils one number of a valid step at a time: native code must refuse it, and stay whole. */
class StepRefusalTest {
  private static NativeModelRunner runner;
  private static BatchBuffer buffer;

  @BeforeAll
  static void open() {
    EngineOptions options = EngineOptions.defaults().withBatchLimits(4, 32, 32);
    runner = SharedModel.named("stories260K.f32.gguf").runner(options);
    buffer = runner.newBuffer();
  }

  @AfterAll
  static void close() {
    if (runner != null) {
      runner.close();
    }
  }

  static Stream<Arguments> spoilers() {
    int blocks = Integer.MAX_VALUE;
    float infinity = Float.POSITIVE_INFINITY;
    return Stream.of(
        spoil("layout is of another version", b -> b.set(BatchHeader.VERSION, 1)),
        spoil("count exceeds", b -> b.set(BatchHeader.TOKENS, 33)),
        spoil("count exceeds", b -> b.set(BatchHeader.TOKENS, -1)),
        spoil("count exceeds", b -> b.set(BatchHeader.SEQUENCES, 5)),
        spoil("count exceeds", b -> b.set(BatchHeader.LOGITS_ROWS, 1 << 20)),
        spoil("count exceeds", b -> b.set(BatchHeader.CANDIDATES, -5)),
        spoil("count exceeds", b -> b.set(BatchHeader.ADJUSTMENTS, -1)),
        spoil("count exceeds", b -> b.set(BatchHeader.ADJUSTMENTS, 1 << 20)),
        spoil("count exceeds", b -> b.set(BatchHeader.COPIES, 1000)),
        spoil("tokens reach outside", b -> b.set(BatchHeader.TOKENS, 4)),
        spoil("not the step's", b -> b.set(BatchHeader.TOKENS, 6)),
        spoil("vocabulary", BatchSection.TOKEN_ID, 1, 512),
        spoil("vocabulary", BatchSection.TOKEN_ID, 1, -3),
        spoil("vocabulary", BatchSection.TOKEN_ID, 1, Integer.MIN_VALUE),
        spoil("another sequence", BatchSection.TOKEN_SEQUENCE, 1, 1),
        spoil("position does not follow", BatchSection.TOKEN_POSITION, 2, 1),
        spoil("position does not follow", BatchSection.TOKEN_POSITION, 0, -1),
        spoil("slot is not the one", BatchSection.TOKEN_KV_SLOT, 0, -1),
        spoil("slot is not the one", BatchSection.TOKEN_KV_SLOT, 0, Integer.MAX_VALUE),
        spoil("first token is outside", BatchSection.SEQUENCE_FIRST_TOKEN, 0, -1),
        spoil("first token is outside", BatchSection.SEQUENCE_FIRST_TOKEN, 1, 6),
        spoil("tokens reach outside", BatchSection.SEQUENCE_TOKEN_COUNT, 1, 3),
        spoil("tokens reach outside", BatchSection.SEQUENCE_TOKEN_COUNT, 0, -1),
        spoil("length does not fit", BatchSection.SEQUENCE_CONTEXT_LENGTH, 0, 2),
        spoil("length does not fit", BatchSection.SEQUENCE_CONTEXT_LENGTH, 0, 513),
        spoil("no block of the pool", BatchSection.SEQUENCE_BLOCK_TABLE, 0, -1),
        spoil("no block of the pool", BatchSection.SEQUENCE_BLOCK_TABLE, 0, blocks),
        spoil("adapter is not there", BatchSection.SEQUENCE_ADAPTER, 1, 0),
        spoil("none of the pool", BatchSection.SEQUENCE_MASK, 1, -2),
        spoil("none of the pool", BatchSection.SEQUENCE_MASK, 1, Integer.MAX_VALUE),
        spoil("temperature", b -> b.setFloat(BatchSection.SEQUENCE_TEMPERATURE, 0, Float.NaN)),
        spoil("temperature", b -> b.setFloat(BatchSection.SEQUENCE_TEMPERATURE, 0, -1)),
        spoil("top-k", BatchSection.SEQUENCE_TOP_K, 0, -1),
        spoil("top-p", b -> b.setFloat(BatchSection.SEQUENCE_TOP_P, 0, 1.5f)),
        spoil("min-p", b -> b.setFloat(BatchSection.SEQUENCE_MIN_P, 0, Float.NaN)),
        spoil("repetition", b -> b.setFloat(BatchSection.SEQUENCE_REPETITION_PENALTY, 1, 0)),
        spoil("repetition", b -> b.setFloat(BatchSection.SEQUENCE_REPETITION_PENALTY, 1, infinity)),
        spoil("presence", b -> b.setFloat(BatchSection.SEQUENCE_PRESENCE_PENALTY, 0, Float.NaN)),
        spoil("frequency", b -> b.setFloat(BatchSection.SEQUENCE_FREQUENCY_PENALTY, 1, -infinity)),
        spoil("outside the step", BatchSection.LOGITS_TOKEN, 0, 5),
        spoil("outside the step", BatchSection.LOGITS_TOKEN, 0, -1),
        spoil("flag is not known", BatchSection.LOGITS_FLAGS, 0, 2),
        spoil("candidates reach outside", BatchSection.LOGITS_CANDIDATE_COUNT, 1, 4),
        spoil("candidates reach outside", BatchSection.LOGITS_FIRST_CANDIDATE, 1, 1),
        spoil("candidates reach outside", BatchSection.LOGITS_FIRST_CANDIDATE, 1, -1),
        spoil("more top tokens", BatchSection.LOGITS_TOP_COUNT, 0, 9),
        spoil("candidate is not in the vocabulary", BatchSection.CANDIDATE_ID, 2, 512),
        spoil("adjustments reach outside", BatchSection.LOGITS_ADJUSTMENT_COUNT, 0, 3),
        spoil("adjustments reach outside", BatchSection.LOGITS_ADJUSTMENT_COUNT, 1, -1),
        spoil("adjustments reach outside", BatchSection.LOGITS_FIRST_ADJUSTMENT, 0, 1),
        spoil("adjustments reach outside", BatchSection.LOGITS_FIRST_ADJUSTMENT, 0, -1),
        spoil("adjustments reach outside", b -> b.set(BatchHeader.ADJUSTMENTS, 1)),
        spoil("adjusted id is not in the vocabulary", BatchSection.ADJUSTMENT_ID, 1, 512),
        spoil("adjusted id is not in the vocabulary", BatchSection.ADJUSTMENT_ID, 0, -1),
        spoil("adjusted ids do not rise", BatchSection.ADJUSTMENT_ID, 1, 40),
        spoil("more often", BatchSection.ADJUSTMENT_OCCURRENCES, 1, 513),
        spoil("more often", BatchSection.ADJUSTMENT_OCCURRENCES, 1, -2),
        spoil("bias", b -> b.setFloat(BatchSection.ADJUSTMENT_BIAS, 0, Float.NaN)),
        spoil("KV group", BatchSection.COPY, 0, 1),
        spoil("source", BatchSection.COPY, 1, blocks),
        spoil("target", BatchSection.COPY, 2, -1));
  }

  @ParameterizedTest
  @MethodSource("spoilers")
  void aSpoiltStepIsRefused(String message, Consumer<BatchBuffer> spoiler) {
    write();
    int[] before = results();
    spoiler.accept(buffer);
    runner.submit(buffer);
    assertThatThrownBy(runner::collect)
        .isInstanceOf(EngineFailedException.class)
        .hasMessageStartingWith("The step is refused: ")
        .hasMessageContaining(message);
    buffer.set(BatchHeader.VERSION, BatchLayout.VERSION);
    write();
    assertThat(results()).isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("sharedSlots")
  void tokensThatShareASlotAreRefused(int block) {
    write();
    new StepWriter(buffer, runner.blockSize())
        .tokens(TestSequence.greedy(new int[] {1, 2}, block), 2)
        .tokens(TestSequence.greedy(new int[] {1, 2}, block), 2);
    runner.submit(buffer);
    assertThatThrownBy(runner::collect).hasMessageContaining("two tokens write to one KV slot");
  }

  static Stream<Integer> sharedSlots() {
    return Stream.of(0, 3);
  }

  /**
   * Writes and checks a valid step: two sequences, two rows, three candidates, two adjustments, one
   * copy.
   */
  private static void write() {
    new StepWriter(buffer, runner.blockSize())
        .tokens(TestSequence.greedy(new int[] {1, 403, 407}, 4), 3)
        .logits(LogitsFlag.SAMPLE, 3)
        .adjust(40, 1, 0.5f)
        .adjust(432, -1, -3)
        .tokens(TestSequence.greedy(new int[] {1, 261}, 7), 2)
        .logits(0, 0, 5, 6, 7)
        .copy(1, 2);
  }

  private static int[] results() {
    runner.submit(buffer);
    runner.collect();
    return Stream.of(
            BatchSection.RESULT_TOKEN,
            BatchSection.RESULT_LOG_SUM_EXP,
            BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY)
        .flatMap(section -> Stream.of(0, 1).map(i -> buffer.getInt(section, i)))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static Arguments spoil(String message, Consumer<BatchBuffer> spoiler) {
    return Arguments.of(message, spoiler);
  }

  private static Arguments spoil(String message, BatchSection section, long index, int value) {
    return spoil(message, b -> b.setInt(section, index, value));
  }
}
