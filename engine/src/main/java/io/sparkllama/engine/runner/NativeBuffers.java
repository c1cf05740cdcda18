package io.sparkllama.engine.runner;

import io.sparkllama.engine.model.ModelConfig;

/**
 * Adds up the memory that native code takes for the steps of a model, beside weights and KV cache:
 * what {@code runner/runner.cc} and {@code runner/forward_pass.cc} allocate, array by array. The
 * driver, which has no native code, is to know before an executor does; a test compares both.
 */
final class NativeBuffers {
  private static final long LINE = 64;
  private static final long HUGE_PAGE = 2 << 20;
  private static final long MOST_LOGITS_ROWS = 64;
  private static final long MOST_ATTENTION_ROWS = 64;
  private static final long TOKEN_GRANULE = 8;
  private static final long ATTENTION_SEGMENT = 1024;
  private static final long PRODUCT_SCRATCH_BYTES = 160 * 1024;
  private static final long SAMPLER_CHUNK = 64;
  private static final long SAMPLER_BLOCK = 1024;
  private static final long MASK_WORD = 64; // tokens
  private static final long WORD = 4; // of a float, an id, a sum
  private static final long ADAPTER_ROWS = 16;
  private static final long ADAPTER_OUTPUTS = 512;

  private final ModelConfig config;
  private final BatchCapacity capacity;
  private final int threads;
  private long bytes;

  private NativeBuffers(ModelConfig config, BatchCapacity capacity, int threads) {
    this.config = config;
    this.capacity = capacity;
    this.threads = threads;
  }

  /**
   * Returns the bytes of all arrays, each filled up as native code does.
   *
   * @param mostRank of all adapters; 0 where there are none
   */
  static long bytes(ModelConfig config, BatchCapacity capacity, int threads, int mostRank) {
    NativeBuffers buffers = new NativeBuffers(config, capacity, threads);
    buffers.addActivations();
    buffers.addQuantized(buffers.productRows(), buffers.widestInput());
    config.feedForward().experts().ifPresent(buffers::addExperts);
    buffers.addScratch();
    buffers.addRows();
    if (mostRank > 0) {
      buffers.addAdapterScratch(mostRank);
    }
    return buffers.bytes;
  }

  private long queryWidth() {
    return config.attention().queryWidth();
  }

  private long widestInput() {
    return Math.max(
        queryWidth(), Math.max(config.embeddingLength(), config.feedForward().length()));
  }

  /** Rows of what a product reads: a step's tokens, or the rows whose logits are computed. */
  private long productRows() {
    return Math.max(capacity.tokens(), MOST_LOGITS_ROWS);
  }

  private void addActivations() {
    long tokens = capacity.tokens();
    long kvWidth = config.attention().kvWidth();
    add(WORD * tokens * config.embeddingLength()); // residual
    add(WORD * productRows() * config.embeddingLength()); // normed
    add(WORD * tokens * queryWidth()); // queries
    add(WORD * tokens * kvWidth); // keys
    add(WORD * tokens * kvWidth); // values
    add(WORD * tokens * queryWidth()); // attended
    add(WORD * tokens * config.embeddingLength()); // projected
    add(WORD * tokens * config.feedForward().length()); // gate
    boolean gated = config.feedForward().activation().isGated();
    add(gated ? WORD * tokens * config.feedForward().length() : 0); // up
    long pairs = (long) config.rope().tables().size() * (config.rope().dimension() / 2);
    add(2 * WORD * tokens * pairs); // rotations
  }

  /** Rows in the formats that integer products read: codes, scales and sums of blocks. */
  private void addQuantized(long rows, long columns) {
    add(rows * filled(columns, LINE)); // codes of blocks of 32
    add(WORD * rows * (columns / 32)); // their scales
    add(WORD * rows * (columns / 32)); // and sums
    add(rows * filled(columns, LINE)); // codes of blocks of 256
    add(WORD * rows * (columns / 256)); // their scales
    add(WORD * rows * (columns / 16)); // their sums
    add(2 * rows * (columns / 32)); // those of 16 bits
    add(rows * (columns / 256)); // which of them are loud
  }

  /** What {@code runner/expert_pass.cc} takes: every token with all the experts that it uses. */
  private void addExperts(ModelConfig.Experts experts) {
    long tokens = capacity.tokens();
    long rows = tokens * experts.used();
    add(WORD * tokens * experts.count()); // logits of the router
    add(2 * WORD * rows); // choices: experts with their weights
    add(WORD * rows); // their places
    add(2 * WORD * rows); // rows: their tokens and experts
    add(4 * WORD * experts.count()); // groups: first row and count
    add(WORD * rows * config.embeddingLength()); // inputs, then outputs
    add(WORD * rows * experts.length()); // gate
    add(WORD * rows * experts.length()); // up
    addQuantized(rows, Math.max(config.embeddingLength(), experts.length()));
    add(threads * PRODUCT_SCRATCH_BYTES);
  }

  private void addScratch() {
    long group = config.attention().headCount() / config.attention().kvHeadCount();
    long heads = Math.min(group, MOST_ATTENTION_ROWS);
    long tokens = MOST_ATTENTION_ROWS / heads;
    long rows = heads * (tokens > TOKEN_GRANULE ? tokens - tokens % TOKEN_GRANULE : tokens);
    long columns = filled(config.attention().headDimension(), 16);
    long attention =
        filled(rows, 8) * (ATTENTION_SEGMENT + 16 + 3 * columns + 4)
            + 4L * KvPlan.BLOCK_SIZE * columns;
    add(threads * Math.max(WORD * attention, PRODUCT_SCRATCH_BYTES));
    for (int thread = 0; thread < threads; thread++) {
      long chunks = filled(config.vocabularySize(), SAMPLER_CHUNK) / SAMPLER_CHUNK;
      add(2 * WORD * config.vocabularySize()); // a sampler's tokens with their logits
      add(WORD * chunks); // their chunks' maxima
      add(WORD * chunks); // these in order
      add(2 * WORD * (filled(config.vocabularySize(), SAMPLER_BLOCK) / SAMPLER_BLOCK)); // sums
    }
  }

  private void addRows() {
    add(WORD * capacity.tokens()); // ids of the step
    boolean routes = config.feedForward().experts().isPresent();
    add(routes ? WORD * capacity.tokens() : 0); // logits of the shared expert's router
    add(WORD * capacity.logitsRows()); // ids that the step before has sampled
    add(WORD * Math.min(capacity.logitsRows(), MOST_LOGITS_ROWS) * config.vocabularySize());
    add(capacity.masks() * (filled(config.vocabularySize(), MASK_WORD) / Byte.SIZE));
  }

  /** What the adapters of a step's rows are, and what a thread needs to add their changes. */
  private void addAdapterScratch(int mostRank) {
    add(WORD * productRows()); // adapters of the tokens
    add(WORD * productRows()); // tokens by adapter
    long floats =
        filled(ADAPTER_ROWS * mostRank, LINE / WORD)
            + ADAPTER_ROWS * ADAPTER_OUTPUTS
            + filled(ADAPTER_ROWS * widestInput(), LINE / WORD);
    add(threads * (PRODUCT_SCRATCH_BYTES + WORD * floats));
  }

  /** Adds an array. */
  private void add(long size) {
    bytes = Math.addExact(bytes, arrayBytes(size));
  }

  /** Returns what an array takes: on a line's border, or in huge pages where it fills one. */
  static long arrayBytes(long size) {
    return filled(Math.max(size, 1), size >= HUGE_PAGE ? HUGE_PAGE : LINE);
  }

  private static long filled(long size, long unit) {
    return Math.multiplyExact((size + unit - 1) / unit, unit);
  }
}
