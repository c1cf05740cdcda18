package io.sparkllama.engine.runner;

import io.sparkllama.engine.model.ModelConfig;

/**
 * Counts the bytes that the steps of a model take of a GPU's memory, beside weights and KV cache,
 * part by part, as native code allocates them. A test compares both.
 *
 * @param activations {@code runner/forward_pass.cc}
 * @param quantizedRows what integer products read: {@code cuda/quantized_rows.h}
 * @param logits {@code runner/runner.cc}
 * @param attention what attention keeps of the segments of long contexts, and scores of tiles:
 *     {@code cuda/kernels/segment_attention.cu} and {@code tile_attention.cu}
 * @param step its numbers and block tables: {@code cuda/step_upload.cu}
 * @param sampling what is wanted of rows, their results and their best tokens: {@code
 *     cuda/kernels/sampling.h}
 * @param masks {@code cuda/row_sampler.cu}
 * @param uploads on their way into the layout of the device: {@code cuda/weight_upload.h}
 * @param slabs what small arrays leave of theirs: {@code cuda/device_memory.cu}
 */
record DeviceBuffers(
    long activations,
    long quantizedRows,
    long logits,
    long attention,
    long step,
    long sampling,
    long masks,
    long uploads,
    long slabs) {
  /** At least as many as any device has, where it is not known which one it will be. */
  static final int MOST_MULTIPROCESSORS = 192;

  private static final long WORD = 4; // of a float, an id, a sum
  private static final long LINE = 64;
  private static final long BORDER = 256; // that parts of a step and of attention's memory begin on
  private static final long MOST_LOGITS_ROWS = 256;

  private static final long TILE_ROWS = 8; // of quantized rows
  private static final long RECORD32_COLUMNS = 64;
  private static final long RECORD32_BYTES = 2 * 256 + 64; // codes, then scales
  private static final long RECORD256_COLUMNS = 256;
  private static final long RECORD256_BYTES = 8 * 256 + 32;

  private static final long SEGMENT = 1024; // positions
  private static final long SCORE_ROWS = 64; // of a tile of attention
  private static final long SCORE_BLOCKS = 3; // on a multiprocessor

  private static final long STEP_HEADER_WORDS = 64;
  private static final long SAMPLING_HEADER_BYTES = 64;
  private static final long LOGITS_ROW_BYTES = 88;
  private static final long ROW_RESULT_BYTES = 72;
  private static final long KEPT_TOKENS = 1024; // best tokens of a row, each with its logit
  private static final long MASK_WORD = 64; // tokens
  private static final long UPLOAD_BYTES = 4L * (16 << 20); // four lanes
  private static final long SLAB_BYTES = 2L * (4 << 20); // one of the backend, one of the sampler

  /**
   * @param multiprocessors of the device
   */
  static DeviceBuffers of(ModelConfig config, BatchCapacity capacity, int multiprocessors) {
    return new DeviceBuffers(
        activations(config, capacity),
        quantizedRows(config, productRows(capacity)),
        NativeBuffers.arrayBytes(WORD * logitsRows(capacity) * config.vocabularySize()),
        attention(config, capacity, multiprocessors),
        step(capacity),
        sampling(capacity),
        capacity.masks() * (filled(config.vocabularySize(), MASK_WORD) / Byte.SIZE),
        UPLOAD_BYTES,
        SLAB_BYTES);
  }

  /** Returns all parts together. */
  long total() {
    return activations
        + quantizedRows
        + logits
        + attention
        + step
        + sampling
        + masks
        + uploads
        + slabs;
  }

  private static long logitsRows(BatchCapacity capacity) {
    return Math.min(capacity.logitsRows(), MOST_LOGITS_ROWS);
  }

  /** Rows of what a product reads: a step's tokens, or the rows whose logits are computed. */
  private static long productRows(BatchCapacity capacity) {
    return Math.max(capacity.tokens(), MOST_LOGITS_ROWS);
  }

  private static long activations(ModelConfig config, BatchCapacity capacity) {
    long tokens = capacity.tokens();
    long embedding = config.embeddingLength();
    long queries = tokens * config.attention().queryWidth();
    long keys = tokens * config.attention().kvWidth();
    long hidden = tokens * config.feedForward().length();
    long pairs = (long) config.rope().tables().size() * (config.rope().dimension() / 2);
    boolean gated = config.feedForward().activation().isGated();
    long[] arrays = {
      tokens * embedding, // residual
      productRows(capacity) * embedding, // normed
      queries,
      keys,
      keys, // values
      queries, // attended
      tokens * embedding, // projected
      hidden, // gate
      gated ? hidden : 0, // up
      2 * tokens * pairs // rotations
    };
    long bytes = 0;
    for (long floats : arrays) {
      bytes = Math.addExact(bytes, NativeBuffers.arrayBytes(Math.multiplyExact(WORD, floats)));
    }
    return bytes;
  }

  private static long quantizedRows(ModelConfig config, long rows) {
    long columns =
        Math.max(
            config.attention().queryWidth(),
            Math.max(config.embeddingLength(), config.feedForward().length()));
    long tiles = parts(rows, TILE_ROWS);
    long records32 = tiles * parts(columns, RECORD32_COLUMNS);
    long records256 = tiles * parts(columns, RECORD256_COLUMNS);
    return filled(records32 * RECORD32_BYTES, LINE)
        + filled(records32 * RECORD32_COLUMNS, LINE) // sums, a byte to a column
        + filled(records256 * RECORD256_BYTES, LINE)
        + filled(records256 * RECORD256_COLUMNS, LINE);
  }

  private static long attention(ModelConfig config, BatchCapacity capacity, int multiprocessors) {
    long heads = config.attention().headCount();
    long context = (long) capacity.blocksPerSequence() * KvPlan.BLOCK_SIZE;
    long segmentRows = Math.multiplyExact(capacity.sequences() * parts(context, SEGMENT), heads);
    // Of each: the largest score, the sum of exponentials, as much again to a border, and the
    // values added up.
    long segments =
        Math.multiplyExact(segmentRows, WORD * (4 + config.attention().headDimension()));
    long tiles = capacity.tokens() * heads / SCORE_ROWS + capacity.sequences() * heads;
    long scores =
        capacity.tokens() == 1
            ? 0
            : Math.min(tiles, SCORE_BLOCKS * multiprocessors) * (WORD * SEGMENT * SCORE_ROWS);
    return Math.addExact(filled(segments, BORDER), scores);
  }

  private static long step(BatchCapacity capacity) {
    long tokens = WORD * capacity.tokens();
    long sequences = filled(WORD * capacity.sequences(), BORDER);
    long tables = capacity.kvGroups() * WORD * capacity.sequences();
    return WORD * STEP_HEADER_WORDS
        + 2 * filled(tokens, BORDER) // ids, positions
        + filled(capacity.kvGroups() * tokens, BORDER) // slots
        + 3 * sequences // first tokens, counts, context lengths
        + filled(WORD * productRows(capacity), BORDER) // tokens whose logits are wanted
        + filled(Math.multiplyExact(tables, capacity.blocksPerSequence()), BORDER);
  }

  private static long sampling(BatchCapacity capacity) {
    long rows = logitsRows(capacity);
    long input =
        SAMPLING_HEADER_BYTES
            + rows * LOGITS_ROW_BYTES
            + WORD * capacity.candidates()
            + 3 * WORD * capacity.adjustments();
    long output =
        rows * ROW_RESULT_BYTES
            + 2 * WORD * MOST_LOGITS_ROWS * KEPT_TOKENS
            + WORD * capacity.candidates()
            + 2 * WORD * MOST_LOGITS_ROWS * capacity.topTokens();
    return input + output;
  }

  private static long parts(long size, long unit) {
    return (size + unit - 1) / unit;
  }

  private static long filled(long size, long unit) {
    return Math.multiplyExact(parts(size, unit), unit);
  }
}
