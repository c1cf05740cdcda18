package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.model.Adapter;

/**
 * Runs steps of a model: embed, layers, logits where wanted, sample.
 *
 * <p>Keeps no state of a sequence but its KV blocks, so that any sequence can be replayed from this
 * side. One thread at a time.
 *
 * <p>A runner in a process of its own may be lost: any method but {@link #restart} and {@link
 * #close} may throw {@link RunnerLostException} then.
 */
public interface ModelRunner extends AutoCloseable {
  /** Returns the KV groups, in the order of block tables. */
  java.util.List<KvGroup> kvGroups();

  /** Returns the blocks that each group's pool holds. */
  int[] blockCounts();

  /** Returns the blocks of a pool that one request may need at most. */
  default int rowBlocks() {
    return java.util.Arrays.stream(blockCounts()).min().orElse(0);
  }

  /** Returns positions in one KV block. */
  int blockSize();

  /** Returns most tokens of a sequence. */
  int contextLength();

  /**
   * Opens an adapter of the model; not while a step is in flight.
   *
   * @return the id by which steps name it: 0 for the first, and on
   * @throws io.sparkllama.engine.api.ModelFormatException where its file cannot be read
   * @throws io.sparkllama.engine.api.InsufficientMemoryException where the system has no memory
   *     left
   */
  int open(Adapter adapter);

  /** Returns whether it runs in a process of its own, which may be lost. */
  boolean isContained();

  /**
   * Starts a contained runner again, lost or not, in a process of its own. Its adapters are open as
   * before; what its KV blocks held, its masks and its buffers are gone.
   *
   * @throws RunnerLostException where the new process is lost as well
   */
  void restart();

  /** Returns the pauses between two attempts to start a contained runner again. */
  RestartPauses restartPauses();

  /** Makes a buffer that this runner can read; at least two may be in use at once. */
  BatchBuffer newBuffer();

  /** Returns how many token masks there is room for: their ids are below. */
  int masks();

  /**
   * Puts a token mask where steps find it by its id, in the place of the one that had the id. Not
   * while a batch is in flight: it may name that one.
   *
   * @param words a bit for each token of the vocabulary, the lowest bit of the first word that of
   *     id 0; not kept
   */
  void putMask(int id, long[] words);

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
