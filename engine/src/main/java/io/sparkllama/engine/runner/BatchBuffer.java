package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.InsufficientMemoryException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Objects;

/**
 * Holds one step as arrays in one direct buffer, shared with the runner without copying.
 *
 * <p>Views are made once and read and written by absolute index, so that a step allocates nothing.
 * Only the thread that submits and collects may touch a buffer, and not between the two.
 */
public final class BatchBuffer {
  private final BatchLayout layout;
  private final ByteBuffer bytes;
  private final IntBuffer ints;
  private final FloatBuffer floats;
  private final LongBuffer longs;

  public BatchBuffer(BatchLayout layout) {
    this(layout, allocate(layout.byteSize()));
  }

  /**
   * Makes a buffer of memory that is there.
   *
   * @param memory direct, zeros, of the layout's size
   */
  BatchBuffer(BatchLayout layout, ByteBuffer memory) {
    this.layout = layout;
    bytes = memory.order(ByteOrder.LITTLE_ENDIAN);
    ints = bytes.asIntBuffer();
    floats = bytes.asFloatBuffer();
    longs = bytes.asLongBuffer();
    set(BatchHeader.VERSION, BatchLayout.VERSION);
  }

  private static ByteBuffer allocate(long size) {
    if (size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "A batch buffer of " + size + " bytes exceeds 2 GiB: lower the batch limits");
    }
    try {
      return ByteBuffer.allocateDirect((int) size);
    } catch (OutOfMemoryError e) { // the JVM's own bound on direct memory, or the system's
      throw new InsufficientMemoryException(
          "There is no direct memory left for the buffer of a step; raise -XX:MaxDirectMemorySize,"
              + " or lower engine.max-sequences, engine.max-batch-tokens or engine.context-length: "
              + size
              + " bytes");
    }
  }

  public BatchLayout layout() {
    return layout;
  }

  /** Returns the shared memory itself, for the runner. */
  public ByteBuffer bytes() {
    return bytes;
  }

  public int get(BatchHeader word) {
    return ints.get(word.ordinal());
  }

  public void set(BatchHeader word, int value) {
    ints.put(word.ordinal(), value);
  }

  public int getInt(BatchSection section, long index) {
    return ints.get(at(section, index, 4));
  }

  public void setInt(BatchSection section, long index, int value) {
    ints.put(at(section, index, 4), value);
  }

  public float getFloat(BatchSection section, long index) {
    return floats.get(at(section, index, 4));
  }

  public void setFloat(BatchSection section, long index, float value) {
    floats.put(at(section, index, 4), value);
  }

  public long getLong(BatchSection section, long index) {
    return longs.get(at(section, index, 8));
  }

  public void setLong(BatchSection section, long index, long value) {
    longs.put(at(section, index, 8), value);
  }

  private int at(BatchSection section, long index, int elementBytes) {
    Objects.checkIndex(index, section.length(layout.capacity()));
    return (int) (layout.offset(section) / elementBytes + index);
  }
}
