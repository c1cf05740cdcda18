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
import static io.sparkllama.engine.runner.BatchSection.RESULT_ARGMAX;
import static io.sparkllama.engine.runner.BatchSection.RESULT_CANDIDATE_LOG_PROBABILITY;
import static io.sparkllama.engine.runner.BatchSection.RESULT_LOG_PROBABILITY;
import static io.sparkllama.engine.runner.BatchSection.RESULT_TOKEN;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_BLOCK_TABLE;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_CONTEXT_LENGTH;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_FIRST_TOKEN;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_FREQUENCY_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_MASK;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_PRESENCE_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_RANDOM_KEY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_REPETITION_PENALTY;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TEMPERATURE;
import static io.sparkllama.engine.runner.BatchSection.SEQUENCE_TOKEN_COUNT;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_ID;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_KV_SLOT;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_POSITION;
import static io.sparkllama.engine.runner.BatchSection.TOKEN_SEQUENCE;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.BatchCapacity;
import io.sparkllama.engine.runner.BatchHeader;
import io.sparkllama.engine.runner.BatchLayout;
import io.sparkllama.engine.runner.KvGroup;
import io.sparkllama.engine.runner.LogitsFlag;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.runner.RestartPauses;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Runs {@link FakeModel} on a KV cache that holds token ids, and checks every step against the
 * contract: a wrong slot, table, copy or order throws.
 */
final class FakeModelRunner implements ModelRunner {
  static final int BLOCK_SIZE = 4;

  private BatchCapacity capacity;
  private final int contextLength;
  private final int blocks;
  private final int[][] kvTokens; // [groups, blocks * BLOCK_SIZE]
  private final int[][] kvPositions; // [groups, blocks * BLOCK_SIZE], -1 where nothing is written
  private final Map<Integer, long[]> masks = new HashMap<>();
  private int mostMasks;
  private int masksPut;
  private BatchBuffer inFlight;
  private CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);
  private FakeFaults faults; // null where it cannot be lost
  private BatchBuffer buffer; // the newest
  private volatile int restarts;
  private int failingRestarts;
  private RestartPauses pauses = RestartPauses.of(Device.PROCESSOR);
  private int failAtStep = Integer.MAX_VALUE;
  private int steps;
  private int mostSequences;
  private volatile boolean closed;

  FakeModelRunner(EngineOptions options, int contextLength, int groups, int blocks) {
    this.capacity =
        BatchCapacity.of(options, FakeModel.VOCABULARY, groups, contextLength, BLOCK_SIZE);
    this.contextLength = contextLength;
    this.blocks = blocks;
    this.mostMasks = capacity.masks();
    this.kvTokens = new int[groups][blocks * BLOCK_SIZE];
    this.kvPositions = new int[groups][blocks * BLOCK_SIZE];
    forgetKv();
  }

  private void forgetKv() {
    for (int[] positions : kvPositions) {
      java.util.Arrays.fill(positions, -1);
    }
  }

  /** Makes it one that may be lost: in whichever steps the faults say. */
  FakeModelRunner losing(FakeFaults newFaults) {
    faults = newFaults;
    return this;
  }

  /** Makes it one whose first restarts fail, as where the system lets no process start. */
  FakeModelRunner failingRestarts(int times) {
    failingRestarts = times;
    return this;
  }

  FakeModelRunner pausing(RestartPauses newPauses) {
    pauses = newPauses;
    return this;
  }

  int restarts() {
    return restarts;
  }

  FakeModelRunner failingAt(int step) {
    failAtStep = step;
    return this;
  }

  /** Leaves room in a step for so many adjustments. */
  FakeModelRunner withAdjustments(int adjustments) {
    BatchCapacity c = capacity;
    capacity =
        new BatchCapacity(
            c.tokens(),
            c.sequences(),
            c.logitsRows(),
            c.candidates(),
            adjustments,
            c.kvGroups(),
            c.blocksPerSequence(),
            c.copies(),
            c.topTokens());
    return this;
  }

  /** Leaves room for so many masks. */
  FakeModelRunner withMasks(int most) {
    mostMasks = most;
    return this;
  }

  /** Returns how often a mask was put. */
  int masksPut() {
    return masksPut;
  }

  /** Waits with every step until the gate is open. */
  FakeModelRunner behind(CompletableFuture<Void> newGate) {
    gate = newGate;
    return this;
  }

  boolean isClosed() {
    return closed;
  }

  int mostSequences() {
    return mostSequences;
  }

  @Override
  public int contextLength() {
    return contextLength;
  }

  @Override
  public int open(Adapter adapter) {
    throw new UnsupportedOperationException("The fake has no weights that an adapter could change");
  }

  @Override
  public boolean isContained() {
    return faults != null;
  }

  @Override
  public void restart() {
    check(faults != null, "a runner is started again that is not contained");
    restarts++;
    if (restarts <= failingRestarts && restarts % 2 == 0) {
      throw new InsufficientMemoryException("the memory of the lost one is not free yet");
    }
    if (restarts <= failingRestarts) {
      throw new InvalidConfigurationException("error=11, Resource temporarily unavailable");
    }
    masks.clear();
    inFlight = null;
    forgetKv();
    buffer = null;
  }

  @Override
  public RestartPauses restartPauses() {
    return pauses;
  }

  @Override
  public List<KvGroup> kvGroups() {
    return Collections.nCopies(capacity.kvGroups(), new KvGroup(List.of(0), 0, 4L * BLOCK_SIZE));
  }

  @Override
  public int[] blockCounts() {
    int[] counts = new int[capacity.kvGroups()];
    java.util.Arrays.fill(counts, blocks);
    return counts;
  }

  @Override
  public int blockSize() {
    return BLOCK_SIZE;
  }

  @Override
  public int masks() {
    return mostMasks;
  }

  @Override
  public void putMask(int id, long[] words) {
    check(inFlight == null, "a mask is put while a step is in flight");
    check(id >= 0 && id < mostMasks, "a mask outside the pool");
    check(words.length == (FakeModel.VOCABULARY + 63) / 64, "a mask of another vocabulary");
    masks.put(id, words.clone());
    masksPut++;
  }

  @Override
  public BatchBuffer newBuffer() {
    buffer = new BatchBuffer(new BatchLayout(capacity));
    return buffer;
  }

  @Override
  public void submit(BatchBuffer batch) {
    check(inFlight == null && !closed, "submit while a step is in flight or after close");
    check(batch == buffer, "a buffer of the runner before");
    gate.join();
    inFlight = batch;
    if (steps++ == failAtStep) {
      throw new EngineFailedException("The device is gone");
    }
    mostSequences = Math.max(mostSequences, batch.get(BatchHeader.SEQUENCES));
    if (faults != null) {
      faults.strike(batch);
    }
    copyBlocks(batch);
    storeTokens(batch);
    for (int row = 0; row < batch.get(BatchHeader.LOGITS_ROWS); row++) {
      runRow(batch, row);
    }
  }

  @Override
  public BatchBuffer collect() {
    BatchBuffer done = inFlight;
    inFlight = null;
    return done;
  }

  @Override
  public void close() {
    closed = true;
  }

  private void copyBlocks(BatchBuffer batch) {
    for (int copy = 0; copy < batch.get(BatchHeader.COPIES); copy++) {
      int group = batch.getInt(COPY, 3L * copy);
      int source = batch.getInt(COPY, 3L * copy + 1) * BLOCK_SIZE;
      int target = batch.getInt(COPY, 3L * copy + 2) * BLOCK_SIZE;
      check(source != target, "copy onto itself");
      System.arraycopy(kvTokens[group], source, kvTokens[group], target, BLOCK_SIZE);
      System.arraycopy(kvPositions[group], source, kvPositions[group], target, BLOCK_SIZE);
    }
  }

  private void storeTokens(BatchBuffer batch) {
    int next = 0;
    Set<Integer> written = new HashSet<>();
    for (int sequence = 0; sequence < batch.get(BatchHeader.SEQUENCES); sequence++) {
      int count = batch.getInt(SEQUENCE_TOKEN_COUNT, sequence);
      int end = batch.getInt(SEQUENCE_CONTEXT_LENGTH, sequence);
      check(batch.getInt(SEQUENCE_FIRST_TOKEN, sequence) == next, "first token");
      check(count > 0, "no token");
      for (int i = 0; i < count; i++, next++) {
        int position = batch.getInt(TOKEN_POSITION, next);
        check(position == end - count + i, "position");
        check(batch.getInt(TOKEN_SEQUENCE, next) == sequence, "sequence of a token");
        for (int group = 0; group < capacity.kvGroups(); group++) {
          int slot = batch.getInt(TOKEN_KV_SLOT, (long) group * capacity.tokens() + next);
          check(slot == slot(batch, group, sequence, position), "slot against table");
          check(written.add(group * 1_000_000 + slot), "slot written twice in a step");
          kvTokens[group][slot] = batch.getInt(TOKEN_ID, next);
          kvPositions[group][slot] = position;
        }
      }
    }
    check(next == batch.get(BatchHeader.TOKENS), "tokens");
  }

  private int slot(BatchBuffer batch, int group, int sequence, int position) {
    long first = ((long) group * capacity.sequences() + sequence) * capacity.blocksPerSequence();
    int block = batch.getInt(SEQUENCE_BLOCK_TABLE, first + position / BLOCK_SIZE);
    return block * BLOCK_SIZE + position % BLOCK_SIZE;
  }

  private void runRow(BatchBuffer batch, int row) {
    int token = batch.getInt(LOGITS_TOKEN, row);
    check(row == 0 || batch.getInt(LOGITS_TOKEN, row - 1) < token, "rows out of order");
    int sequence = batch.getInt(TOKEN_SEQUENCE, token);
    int position = batch.getInt(TOKEN_POSITION, token);
    double[] logits = FakeModel.logits(stateAt(batch, sequence, position));
    double logSumExp = FakeModel.logSumExp(logits);
    batch.setInt(RESULT_ARGMAX, row, FakeModel.argmax(logits));
    batch.setInt(RESULT_TOKEN, row, -1);
    if (batch.getInt(LOGITS_FLAGS, row) == LogitsFlag.SAMPLE) {
      double[] changed = masked(batch, sequence, adjusted(batch, row, sequence, logits));
      sample(batch, row, sequence, position, changed);
    }
    int first = batch.getInt(LOGITS_FIRST_CANDIDATE, row);
    for (int i = 0; i < batch.getInt(LOGITS_CANDIDATE_COUNT, row); i++) {
      int id = batch.getInt(CANDIDATE_ID, first + i);
      batch.setFloat(RESULT_CANDIDATE_LOG_PROBABILITY, first + i, (float) (logits[id] - logSumExp));
    }
  }

  private double[] adjusted(BatchBuffer batch, int row, int sequence, double[] logits) {
    double[] changed = logits.clone();
    int first = batch.getInt(LOGITS_FIRST_ADJUSTMENT, row);
    int count = batch.getInt(LOGITS_ADJUSTMENT_COUNT, row);
    check(first + count <= batch.get(BatchHeader.ADJUSTMENTS), "adjustments outside the step");
    for (int i = first; i < first + count; i++) {
      int id = batch.getInt(ADJUSTMENT_ID, i);
      check(i == first || id > batch.getInt(ADJUSTMENT_ID, i - 1), "adjusted ids do not rise");
      int occurrences = batch.getInt(ADJUSTMENT_OCCURRENCES, i);
      float repetition = batch.getFloat(SEQUENCE_REPETITION_PENALTY, sequence);
      changed[id] += batch.getFloat(ADJUSTMENT_BIAS, i);
      if (occurrences >= 0) {
        changed[id] = changed[id] > 0 ? changed[id] / repetition : changed[id] * repetition;
      }
      if (occurrences > 0) {
        changed[id] -= occurrences * batch.getFloat(SEQUENCE_FREQUENCY_PENALTY, sequence);
        changed[id] -= batch.getFloat(SEQUENCE_PRESENCE_PENALTY, sequence);
      }
    }
    return changed;
  }

  private double[] masked(BatchBuffer batch, int sequence, double[] logits) {
    int id = batch.getInt(SEQUENCE_MASK, sequence);
    check(id == -1 || masks.containsKey(id), "a mask that was never put");
    for (int token = 0; token < logits.length && id >= 0; token++) {
      boolean allowed = (masks.get(id)[token / 64] >>> token & 1) != 0;
      logits[token] = allowed ? logits[token] : Double.NEGATIVE_INFINITY;
    }
    return logits;
  }

  private static void sample(
      BatchBuffer batch, int row, int sequence, int position, double[] logits) {
    float temperature = batch.getFloat(SEQUENCE_TEMPERATURE, sequence);
    long key0 = batch.getLong(SEQUENCE_RANDOM_KEY, 2L * sequence);
    long key1 = batch.getLong(SEQUENCE_RANDOM_KEY, 2L * sequence + 1);
    int id = FakeModel.sample(logits, temperature, key0, key1, position);
    batch.setInt(RESULT_TOKEN, row, id);
    if (id >= 0) {
      batch.setFloat(
          RESULT_LOG_PROBABILITY, row, (float) (logits[id] - FakeModel.logSumExp(logits)));
    }
  }

  private long stateAt(BatchBuffer batch, int sequence, int position) {
    long state = FakeModel.EMPTY;
    for (int p = 0; p <= position; p++) {
      int token = kvTokens[0][slot(batch, 0, sequence, p)];
      for (int group = 0; group < capacity.kvGroups(); group++) {
        int slot = slot(batch, group, sequence, p);
        check(kvPositions[group][slot] == p, "block of another position");
        check(kvTokens[group][slot] == token, "groups differ");
      }
      state = FakeModel.next(state, token);
    }
    return state;
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("The step breaks the contract: " + what);
    }
  }
}
