package io.sparkllama.engine;

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

import io.sparkllama.engine.api.Penalties;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchCapacity;
import io.sparkllama.engine.runner.BatchHeader;
import io.sparkllama.engine.runner.LogitsFlag;
import io.sparkllama.engine.scheduler.BlockCopy;
import io.sparkllama.engine.scheduler.BlockTable;
import io.sparkllama.engine.scheduler.Probe;
import io.sparkllama.engine.scheduler.ScheduledBatch;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.function.Function;

/** Writes a scheduled batch into the buffer that the runner reads. */
final class BatchWriter {
  private static final int NONE = -1;

  private final MaskPool masks;
  private final BatchBuffer buffer;
  private final BatchCapacity capacity;
  private final int blockSize;
  private int tokens;
  private int sequences;
  private int rows;
  private int candidates;
  private int adjustments;
  private int copies;
  private int steps;

  BatchWriter(BatchBuffer buffer, int blockSize, MaskPool masks) {
    this.masks = masks;
    this.buffer = buffer;
    this.capacity = buffer.layout().capacity();
    this.blockSize = blockSize;
  }

  /** Writes a step; rows of logits come in the order of the batch's entries. */
  void write(ScheduledBatch batch, Function<Sequence, SamplerSettings> samplers) {
    tokens = 0;
    sequences = 0;
    rows = 0;
    candidates = 0;
    adjustments = 0;
    copies = 0;
    for (ScheduledBatch.Entry entry : batch.entries()) {
      SamplerSettings settings = samplers.apply(entry.sequence());
      writeCopies(entry);
      writeSequence(entry, settings);
      writeRows(entry, settings.counts());
      writeTokens(entry);
      sequences++;
    }
    buffer.set(BatchHeader.TOKENS, tokens);
    buffer.set(BatchHeader.SEQUENCES, sequences);
    buffer.set(BatchHeader.LOGITS_ROWS, rows);
    buffer.set(BatchHeader.CANDIDATES, candidates);
    buffer.set(BatchHeader.ADJUSTMENTS, adjustments);
    buffer.set(BatchHeader.COPIES, copies);
    buffer.set(BatchHeader.STEP, steps++);
  }

  private void writeCopies(ScheduledBatch.Entry entry) {
    for (BlockCopy copy : entry.copies()) {
      buffer.setInt(COPY, 3L * copies, copy.group());
      buffer.setInt(COPY, 3L * copies + 1, copy.source());
      buffer.setInt(COPY, 3L * copies + 2, copy.target());
      copies++;
    }
  }

  private void writeSequence(ScheduledBatch.Entry entry, SamplerSettings settings) {
    Sequence sequence = entry.sequence();
    buffer.setInt(SEQUENCE_FIRST_TOKEN, sequences, tokens);
    buffer.setInt(SEQUENCE_TOKEN_COUNT, sequences, entry.count());
    buffer.setInt(SEQUENCE_CONTEXT_LENGTH, sequences, sequence.numComputedTokens() + entry.count());
    for (int group = 0; group < capacity.kvGroups(); group++) {
      BlockTable table = sequence.table(group);
      long first = ((long) group * capacity.sequences() + sequences) * capacity.blocksPerSequence();
      for (int i = 0; i < table.size(); i++) {
        buffer.setInt(SEQUENCE_BLOCK_TABLE, first + i, table.block(i));
      }
    }
    SamplingParams sampling = settings.sampling();
    buffer.setInt(SEQUENCE_ADAPTER, sequences, sequence.adapter());
    buffer.setInt(SEQUENCE_MASK, sequences, mask(entry, settings));
    buffer.setFloat(SEQUENCE_TEMPERATURE, sequences, (float) sampling.temperature());
    buffer.setInt(SEQUENCE_TOP_K, sequences, sampling.topK());
    buffer.setFloat(SEQUENCE_TOP_P, sequences, (float) sampling.topP());
    buffer.setFloat(SEQUENCE_MIN_P, sequences, (float) sampling.minP());
    Penalties penalties = sampling.penalties();
    buffer.setFloat(SEQUENCE_REPETITION_PENALTY, sequences, (float) penalties.repetition());
    buffer.setFloat(SEQUENCE_PRESENCE_PENALTY, sequences, (float) penalties.presence());
    buffer.setFloat(SEQUENCE_FREQUENCY_PENALTY, sequences, (float) penalties.frequency());
    buffer.setLong(SEQUENCE_RANDOM_KEY, 2L * sequences, settings.key().first());
    buffer.setLong(SEQUENCE_RANDOM_KEY, 2L * sequences + 1, settings.key().second());
  }

  private int mask(ScheduledBatch.Entry entry, SamplerSettings settings) {
    boolean masked =
        settings.constrained().isPresent() && entry.sequence().samplesWithin(entry.count());
    return masked ? masks.id(settings.constrained().get().place()) : NONE;
  }

  private void writeTokens(ScheduledBatch.Entry entry) {
    Sequence sequence = entry.sequence();
    int position = sequence.numComputedTokens();
    for (int i = 0; i < entry.count(); i++, position++, tokens++) {
      buffer.setInt(TOKEN_ID, tokens, sequence.token(position));
      buffer.setInt(TOKEN_POSITION, tokens, position);
      buffer.setInt(TOKEN_SEQUENCE, tokens, sequences);
      for (int group = 0; group < capacity.kvGroups(); group++) {
        int block = sequence.table(group).block(position / blockSize);
        buffer.setInt(
            TOKEN_KV_SLOT,
            (long) group * capacity.tokens() + tokens,
            block * blockSize + position % blockSize);
      }
    }
  }

  /** Writes the rows of an entry whose first token is the next to be written. */
  private void writeRows(ScheduledBatch.Entry entry, TokenCounts counts) {
    Sequence sequence = entry.sequence();
    int probes = sequence.probesWithin(entry.count());
    for (int i = 0; i < probes; i++) {
      Probe probe = sequence.pendingProbe(i);
      writeAdjustments(TokenCounts.NONE);
      writeRow(probe.position() - sequence.numComputedTokens(), 0, probe.candidates());
    }
    if (sequence.samplesWithin(entry.count())) {
      writeAdjustments(counts);
      writeRow(entry.count() - 1, LogitsFlag.SAMPLE, new int[0]);
    }
  }

  /** Gives the next row to be written its adjustments. */
  private void writeAdjustments(TokenCounts counts) {
    buffer.setInt(LOGITS_FIRST_ADJUSTMENT, rows, adjustments);
    buffer.setInt(LOGITS_ADJUSTMENT_COUNT, rows, counts.size());
    for (int i = 0; i < counts.size(); i++, adjustments++) {
      buffer.setInt(ADJUSTMENT_ID, adjustments, counts.id(i));
      buffer.setInt(ADJUSTMENT_OCCURRENCES, adjustments, counts.occurrences(i));
      buffer.setFloat(ADJUSTMENT_BIAS, adjustments, counts.bias(i));
    }
  }

  private void writeRow(int token, int flags, int[] ids) {
    buffer.setInt(LOGITS_TOKEN, rows, tokens + token);
    buffer.setInt(LOGITS_FLAGS, rows, flags);
    buffer.setInt(LOGITS_FIRST_CANDIDATE, rows, candidates);
    buffer.setInt(LOGITS_CANDIDATE_COUNT, rows, ids.length);
    buffer.setInt(LOGITS_TOP_COUNT, rows, 0);
    for (int id : ids) {
      buffer.setInt(CANDIDATE_ID, candidates++, id);
    }
    rows++;
  }
}
