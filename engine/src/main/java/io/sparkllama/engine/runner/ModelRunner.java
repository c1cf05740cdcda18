package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineFailedException;

/**
 * Runs steps of a model: embed, layers, logits where wanted, sample.
 *
 * <p>Keeps no state of a sequence but its KV blocks, so that any sequence can be replayed from this
 * side. One thread at a time.
 */
public interface ModelRunner extends AutoCloseable {
  /** Returns the KV groups, in the order of block tables. */
  java.util.List<KvGroup> kvGroups();

  /** Returns the blocks that each group's pool holds. */
  int[] blockCounts();

  /** Returns positions in one KV block. */
  int blockSize();

  /** Makes a buffer that this runner can read; at least two may be in use at once. */
  BatchBuffer newBuffer();

  /**
   * Starts a step. One batch may be in flight.
   *
   * @throws EngineFailedException where the runner can run nothing more
   */
  void submit(BatchBuffer batch);

  /**
   * Waits for the step that was submitted; its results stand in the returned buffer, which is the
   * one submitted.
   *
   * @throws EngineFailedException where the runner can run nothing more
   */
  BatchBuffer collect();

  @Override
  void close();
}
