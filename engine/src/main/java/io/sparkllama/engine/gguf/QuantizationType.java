package io.sparkllama.engine.gguf;

import java.util.Arrays;
import java.util.Optional;

/**
 * Names how a tensor's elements are stored; ids, block sizes and bytes are those of the GGUF
 * specification.
 */
public enum QuantizationType {
  F32(0, 1, 4),
  F16(1, 1, 2),
  Q4_0(2, 32, 18),
  Q4_1(3, 32, 20),
  Q5_0(6, 32, 22),
  Q5_1(7, 32, 24),
  Q8_0(8, 32, 34),
  Q2_K(10, 256, 84),
  Q3_K(11, 256, 110),
  Q4_K(12, 256, 144),
  Q5_K(13, 256, 176),
  Q6_K(14, 256, 210),
  IQ4_NL(20, 32, 18),
  IQ4_XS(23, 256, 136),
  BF16(30, 1, 2);

  private final int id;
  private final int blockSize;
  private final int blockBytes;

  QuantizationType(int id, int blockSize, int blockBytes) {
    this.id = id;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** Returns the number that stands in GGUF files. */
  public int id() {
    return id;
  }

  /** Returns elements per block; rows are whole blocks. */
  public int blockSize() {
    return blockSize;
  }

  /** Returns bytes per block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Returns the type with this id, where it is one that can be loaded. */
  public static Optional<QuantizationType> ofId(int id) {
    return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
  }
}
