package io.sparkllama.engine.runner;

import java.util.Arrays;

/** Places the sections of a batch buffer: one after the other, each on a 64-byte border. */
public final class BatchLayout {
  /** Changes with any change of {@link BatchSection}. */
  public static final int VERSION = 2;

  private static final long ALIGNMENT = 64;

  private final BatchCapacity capacity;
  private final long[] offsets = new long[BatchSection.values().length];
  private final long byteSize;

  public BatchLayout(BatchCapacity capacity) {
    this.capacity = capacity;
    long end = 0;
    for (BatchSection section : BatchSection.values()) {
      offsets[section.ordinal()] = end;
      long bytes = Math.multiplyExact(section.length(capacity), section.elementBytes());
      end = Math.addExact(end, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    }
    byteSize = end;
  }

  public BatchCapacity capacity() {
    return capacity;
  }

  /** Returns where a section begins, in bytes. */
  public long offset(BatchSection section) {
    return offsets[section.ordinal()];
  }

  /** Returns all offsets in the order of {@link BatchSection}, and the size in bytes last. */
  public long[] offsets() {
    long[] all = Arrays.copyOf(offsets, offsets.length + 1);
    all[offsets.length] = byteSize;
    return all;
  }

  /** Returns the size of the whole buffer in bytes. */
  public long byteSize() {
    return byteSize;
  }
}
