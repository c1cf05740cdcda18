package io.sparkllama.engine.runner;

import static io.sparkllama.engine.runner.BatchSection.ADJUSTMENT_BIAS;
import static io.sparkllama.engine.runner.BatchSection.ADJUSTMENT_ID;
import static io.sparkllama.engine.runner.BatchSection.ADJUSTMENT_OCCURRENCES;
import static io.sparkllama.engine.runner.BatchSection.CANDIDATE_ID;
import static io.sparkllama.engine.runner.BatchSection.COPY;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_ADJUSTMENT_COUNT;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_CANDIDATE_COUNT;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_FIRST_ADJUSTMENT;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_FIRST_CANDIDATE;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_FLAGS;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_TOKEN;
import static io.sparkllama.engine.runner.BatchSection.LOGITS_TOP_COUNT;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_ADAPTER;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_BLOCK_TABLE;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_CONTEXT_LENGTH;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_FIRST_TOKEN;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_FREQUENCY_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_MASK;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_MIN_P;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_PRESENCE_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_RANDOM_KEY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_REPETITION_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TEMPERATURE;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TOKEN_COUNT;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TOP_K;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TOP_P;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_ID;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_KV_SLOT;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_POSITION;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_SEQUENCE;

/** Fills a batch buffer by hand. */
final class StepWriter {
  private final BatchBuffer buffer;
  private final int blockSize;

  StepWriter(BatchBuffer buffer, int blockSize) {
    this.buffer = buffer;
    this.blockSize = blockSize;
    for (BatchHeader word : BatchHeader.values()) {
      if (word != BatchHeader.VERSION) {
        buffer.set(word, 0);
      }
    }
  }

  /** Adds the next {@code count} tokens of a sequence and counts them as computed. */
  StepWriter tokens(TestSequence sequence, int count) {
    int index = buffer.get(BatchHeader.SEQUENCES);
    int first = buffer.get(BatchHeader.TOKENS);
    buffer.setInt(SEQUENCE_FIRST_TOKEN, index, first);
    buffer.setInt(SEQUENCE_TOKEN_COUNT, index, count);
    buffer.setInt(SEQUENCE_CONTEXT_LENGTH, index, sequence.computed + count);
    BatchCapacity capacity = buffer.layout().capacity();
    for (int group = 0; group < capacity.kvGroups(); group++) {
      long row = (long) group * capacity.sequences() + index;
      long table = row * capacity.blocksPerSequence();
      for (int i = 0; i < sequence.blocks.length; i++) {
        buffer.setInt(SEQUENCE_BLOCK_TABLE, table + i, sequence.block(group, i));
      }
    }
    buffer.setInt(SEQUENCE_ADAPTER, index, -1);
    buffer.setInt(SEQUENCE_MASK, index, -1);
    buffer.setFloat(SEQUENCE_TEMPERATURE, index, sequence.temperature);
    buffer.setInt(SEQUENCE_TOP_K, index, sequence.topK);
    buffer.setFloat(SEQUENCE_TOP_P, index, sequence.topP);
    buffer.setFloat(SEQUENCE_MIN_P, index, sequence.minP);
    buffer.setFloat(SEQUENCE_REPETITION_PENALTY, index, 1);
    buffer.setFloat(SEQUENCE_PRESENCE_PENALTY, index, 0);
    buffer.setFloat(SEQUENCE_FREQUENCY_PENALTY, index, 0);
    buffer.setLong(SEQUENCE_RANDOM_KEY, 2L * index, sequence.randomKey[0]);
    buffer.setLong(SEQUENCE_RANDOM_KEY, 2L * index + 1, sequence.randomKey[1]);
    for (int i = 0; i < count; i++) {
      int position = sequence.computed + i;
      buffer.setInt(TOKEN_ID, first + i, sequence.tokens[position]);
      buffer.setInt(TOKEN_POSITION, first + i, position);
      buffer.setInt(TOKEN_SEQUENCE, first + i, index);
      for (int group = 0; group < capacity.kvGroups(); group++) {
        int block = sequence.block(group, position / blockSize);
        buffer.setInt(
            TOKEN_KV_SLOT,
            (long) group * capacity.tokens() + first + i,
            block * blockSize + position % blockSize);
      }
    }
    sequence.computed += count;
    buffer.set(BatchHeader.SEQUENCES, index + 1);
    buffer.set(BatchHeader.TOKENS, first + count);
    return this;
  }

  /** Asks for logits of the token added last. */
  StepWriter logits(int flags, int topCount, int... candidates) {
    return logitsOf(buffer.get(BatchHeader.TOKENS) - 1, flags, topCount, candidates);
  }

  StepWriter logitsOf(int token, int flags, int topCount, int... candidates) {
    int row = buffer.get(BatchHeader.LOGITS_ROWS);
    int first = buffer.get(BatchHeader.CANDIDATES);
    buffer.setInt(LOGITS_TOKEN, row, token);
    buffer.setInt(LOGITS_FLAGS, row, flags);
    buffer.setInt(LOGITS_FIRST_CANDIDATE, row, first);
    buffer.setInt(LOGITS_CANDIDATE_COUNT, row, candidates.length);
    buffer.setInt(LOGITS_TOP_COUNT, row, topCount);
    buffer.setInt(LOGITS_FIRST_ADJUSTMENT, row, buffer.get(BatchHeader.ADJUSTMENTS));
    buffer.setInt(LOGITS_ADJUSTMENT_COUNT, row, 0);
    for (int i = 0; i < candidates.length; i++) {
      buffer.setInt(CANDIDATE_ID, first + i, candidates[i]);
    }
    buffer.set(BatchHeader.LOGITS_ROWS, row + 1);
    buffer.set(BatchHeader.CANDIDATES, first + candidates.length);
    return this;
  }

  /** Adds an adjustment to the row asked for last. */
  StepWriter adjust(int id, int occurrences, float bias) {
    int row = buffer.get(BatchHeader.LOGITS_ROWS) - 1;
    int index = buffer.get(BatchHeader.ADJUSTMENTS);
    buffer.setInt(ADJUSTMENT_ID, index, id);
    buffer.setInt(ADJUSTMENT_OCCURRENCES, index, occurrences);
    buffer.setFloat(ADJUSTMENT_BIAS, index, bias);
    buffer.setInt(LOGITS_ADJUSTMENT_COUNT, row, buffer.getInt(LOGITS_ADJUSTMENT_COUNT, row) + 1);
    buffer.set(BatchHeader.ADJUSTMENTS, index + 1);
    return this;
  }

  StepWriter copy(int source, int target) {
    int index = buffer.get(BatchHeader.COPIES);
    buffer.setInt(COPY, 3L * index, 0);
    buffer.setInt(COPY, 3L * index + 1, source);
    buffer.setInt(COPY, 3L * index + 2, target);
    buffer.set(BatchHeader.COPIES, index + 1);
    return this;
  }
}
