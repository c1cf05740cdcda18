package io.sparkllama.engine.runner;

import java.util.ArrayList;
import java.util.List;

/** Generates from sequences step by step, in a given mix, and records every number of every row. */
final class GenerationRun {
  private static final int TOP = 4;

  /** Holds the results of one row; floats as their bits, so that equality is exact. */
  record Row(int token, int argmax, int logProbability, int logSumExp, List<Integer> top) {}

  private final NativeModelRunner runner;
  private final BatchBuffer buffer;
  private final int chunk;
  private final int batch;

  /**
   * Sets the mix.
   *
   * @param chunk tokens of one sequence in one step
   * @param batch sequences in one step
   */
  GenerationRun(NativeModelRunner runner, int chunk, int batch) {
    this.runner = runner;
    this.buffer = runner.newBuffer();
    this.chunk = chunk;
    this.batch = batch;
  }

  /** Returns the rows of each sequence, in order. */
  List<List<Row>> generate(List<TestSequence> sequences, int newTokens) {
    List<List<Row>> rows = new ArrayList<>();
    sequences.forEach(sequence -> rows.add(new ArrayList<>()));
    int turn = 0;
    while (rows.stream().anyMatch(list -> list.size() < newTokens)) {
      StepWriter writer = new StepWriter(buffer, runner.blockSize());
      List<Integer> sampled = new ArrayList<>();
      int members = 0;
      for (int i = 0; i < sequences.size() && members < batch; i++) {
        int index = (turn + i) % sequences.size(); // so that a sequence meets changing company
        TestSequence sequence = sequences.get(index);
        if (rows.get(index).size() == newTokens) {
          continue;
        }
        members++;
        writer.tokens(sequence, Math.min(chunk, sequence.pending()));
        if (sequence.pending() == 0) {
          writer.logits(LogitsFlag.SAMPLE, TOP);
          sampled.add(index);
        }
      }
      turn++;
      runner.submit(buffer);
      runner.collect();
      for (int row = 0; row < sampled.size(); row++) {
        Row result = row(row);
        rows.get(sampled.get(row)).add(result);
        sequences.get(sampled.get(row)).append(result.token());
      }
    }
    return rows;
  }

  private Row row(int row) {
    List<Integer> top = new ArrayList<>();
    long first = (long) row * buffer.layout().capacity().topTokens();
    for (int i = 0; i < TOP; i++) {
      top.add(buffer.getInt(BatchSection.RESULT_TOP_ID, first + i));
      top.add(bits(BatchSection.RESULT_TOP_LOGIT, first + i));
    }
    return new Row(
        buffer.getInt(BatchSection.RESULT_TOKEN, row),
        buffer.getInt(BatchSection.RESULT_ARGMAX, row),
        bits(BatchSection.RESULT_LOG_PROBABILITY, row),
        bits(BatchSection.RESULT_LOG_SUM_EXP, row),
        top);
  }

  private int bits(BatchSection section, long index) {
    return Float.floatToRawIntBits(buffer.getFloat(section, index));
  }
}
