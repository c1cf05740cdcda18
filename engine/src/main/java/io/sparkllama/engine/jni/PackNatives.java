package io.sparkllama.engine.jni;

import java.nio.ByteBuffer;

/**
 * Declares the methods that lay weights out for the kernels. They are bound when {@link
 * NativeLibrary#load} has returned.
 *
 * <p>They throw {@link io.sparkllama.engine.api.EngineFailedException} for types that no tensor
 * has, for columns that are no whole blocks, and for buffers of another size than their contents.
 */
public final class PackNatives {
  private PackNatives() {}

  /** Returns the version of the layout, which changes whenever the bytes of a panel do. */
  public static native int layoutVersion();

  /**
   * Returns the bytes of 16 rows in the packed layout.
   *
   * @param type the id of the rows' {@link io.sparkllama.engine.gguf.QuantizationType}
   */
  public static native long panelBytes(int type, long columns);

  /**
   * Packs rows into panels of 16, the last filled up with zeros. Any number of threads may pack at
   * once.
   *
   * @param rows direct, whole: {@code rowCount} rows as a GGUF file has them
   * @param panels direct, whole, aligned to 64 bytes
   */
  public static native void packRows(
      int type, ByteBuffer rows, long rowCount, long columns, ByteBuffer panels);
}
