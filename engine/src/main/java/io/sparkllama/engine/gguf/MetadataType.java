package io.sparkllama.engine.gguf;

import java.util.Locale;
import java.util.Optional;

/** Names the types that metadata values have; the order is that of their ids in GGUF files. */
public enum MetadataType {
  UINT8(1),
  INT8(1),
  UINT16(2),
  INT16(2),
  UINT32(4),
  INT32(4),
  FLOAT32(4),
  BOOL(1),
  /** A length of eight bytes, then UTF-8. */
  STRING(0),
  /** An element type of four bytes, a count of eight, then the elements. */
  ARRAY(0),
  UINT64(8),
  INT64(8),
  FLOAT64(8);

  private final int bytes;

  MetadataType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the number that stands in GGUF files. */
  public int id() {
    return ordinal();
  }

  /** Returns bytes of one value, or 0 where that depends on the value. */
  int bytes() {
    return bytes;
  }

  /** Returns whether values are whole numbers. */
  public boolean isInteger() {
    return switch (this) {
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
      case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
    };
  }

  /** Returns whether values are floating-point numbers. */
  public boolean isFloatingPoint() {
    return this == FLOAT32 || this == FLOAT64;
  }

  static Optional<MetadataType> ofId(int id) {
    return id >= 0 && id < values().length ? Optional.of(values()[id]) : Optional.empty();
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
