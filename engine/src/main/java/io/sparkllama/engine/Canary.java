package io.sparkllama.engine;

import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchCapacity;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.scheduler.BlockManager;
import io.sparkllama.engine.scheduler.ScheduledBatch;
import io.sparkllama.engine.scheduler.Scheduler;
import io.sparkllama.engine.scheduler.SchedulerLimits;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Runs a fixed short prompt, whose answer tells whether a runner computes what it did before.
 *
 * <p>It takes the runner for itself and any of its KV blocks: whatever they held is gone.
 */
final class Canary {
  private static final int PROMPT_TOKENS = 6;
  private static final int ANSWER_TOKENS = 3;
  private static final long SPREAD = 2_654_435_761L; // 2^32 over the golden ratio: ids far apart

  private final ModelRunner runner;
  private final MaskPool masks;
  private final int[] prompt;
  private final int answerTokens;

  /**
   * Makes a prompt of ids from all over the vocabulary.
   *
   * @param masks never asked for any
   */
  Canary(ModelRunner runner, int vocabularySize, MaskPool masks) {
    this.runner = runner;
    this.masks = masks;
    int room = Math.max(2, runner.contextLength());
    this.prompt =
        IntStream.range(0, Math.min(PROMPT_TOKENS, room - 1))
            .map(i -> (int) ((i + 1) * SPREAD % vocabularySize))
            .toArray();
    this.answerTokens = Math.min(ANSWER_TOKENS, room - prompt.length);
  }

  /** Returns the ids of the answer, at temperature 0; -1 from where on logits are not numbers. */
  int[] answer(BatchBuffer buffer) {
    BatchCapacity capacity = buffer.layout().capacity();
    Scheduler scheduler =
        new Scheduler(
            new SchedulerLimits(
                capacity.sequences(),
                capacity.tokens(),
                capacity.tokens(),
                capacity.logitsRows(),
                capacity.candidates(),
                capacity.adjustments()),
            new BlockManager(runner.blockCounts(), runner.blockSize(), /* prefixCache= */ false));
    BatchWriter writer = new BatchWriter(buffer, runner.blockSize(), masks);
    Sequence sequence = Sequence.sampling(prompt);
    scheduler.add(sequence);
    int[] answer = new int[answerTokens];
    Arrays.fill(answer, -1);
    for (int count = 0; count < answer.length; ) {
      ScheduledBatch batch = scheduler.schedule();
      writer.write(batch, any -> SamplerSettings.NONE);
      runner.submit(buffer);
      StepResults results = new StepResults(runner.collect());
      scheduler.update(batch);
      if (batch.entries().get(0).rows() > 0) {
        answer[count] = results.at(0).token();
        if (answer[count++] < 0) {
          break;
        }
        sequence.append(answer[count - 1]);
      }
    }
    return answer;
  }
}
