package io.sparkllama.engine.jni;

import java.nio.ByteBuffer;

/**
 * Declares the methods of the native runner. They are bound when {@link NativeLibrary#load} has
 * returned. Buffers are direct and little-endian.
 *
 * <p>They throw the exceptions of {@code engine.api} that the caller's reaction names; no native
 * fault of the runner's own code escapes in another way.
 */
public final class RunnerNatives {
  private RunnerNatives() {}

  /** Returns the digest of the sources that the library was built from. */
  static native String buildId();

  /**
   * Returns where the sections of a batch buffer begin, in bytes, and its size last.
   *
   * @param capacity int64 [8]: the numbers of a batch's capacity
   */
  public static native long[] batchLayout(ByteBuffer capacity);

  /**
   * Makes a runner: maps the weights, takes all memory, starts all threads.
   *
   * @param packedFile path in UTF-8
   * @param description 8-byte words as {@code runner.ModelDescription} writes them
   * @return a handle, for {@link #destroy}
   */
  public static native long create(byte[] packedFile, ByteBuffer description);

  /** Frees a runner. None of its methods may be under way or called again. */
  public static native void destroy(long handle);

  /**
   * Opens an adapter: takes the memory of its matrices. Not while a step runs.
   *
   * @param description 8-byte words as {@code runner.AdapterDescription} writes them
   * @return the id by which steps name it when all its rows are there
   */
  public static native int openAdapter(long handle, ByteBuffer description);

  /**
   * Gives a matrix of an adapter its next rows, as a file has them.
   *
   * @param rows a multiple of 16, but for the last ones
   */
  public static native void fillAdapter(long handle, int adapter, int matrix, ByteBuffer rows);

  /** Gives a runner a batch buffer, which must live as long; returns its index. */
  public static native int attach(long handle, ByteBuffer buffer);

  /**
   * Puts a token mask into a runner's pool, in the place of the one that had its id. Not while a
   * step runs.
   *
   * @param words a bit for each token, the lowest bit of the first word that of id 0
   */
  public static native void putMask(long handle, int id, long[] words);

  /** Runs the step in a buffer; its results stand there on return. One thread at a time. */
  public static native void step(long handle, int buffer);

  /** Returns the name of the kernels in force. */
  public static native String instructionSet(long handle);

  /** Returns how many threads run a step. */
  public static native int threads(long handle);

  /** Returns the bytes of a runner's buffers, beside its weights and its KV cache. */
  public static native long bufferBytes(long handle);

  /** Returns the bytes of the matrices of a runner's adapters. */
  public static native long adapterBytes(long handle);
}
