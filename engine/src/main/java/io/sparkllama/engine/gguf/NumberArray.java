package io.sparkllama.engine.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Holds an array of numbers or booleans as the file has it, so that it never takes more memory than
 * the file's own bytes.
 */
public final class NumberArray implements MetadataValue.ArrayValue {
  private final MetadataType elementType;
  private final byte[] littleEndian; // [size * elementType.bytes()]
  private final ByteBuffer buffer;

  NumberArray(MetadataType elementType, byte[] littleEndian) {
    if (elementType.bytes() == 0) {
      throw new IllegalArgumentException("not a type of fixed size: " + elementType);
    }
    this.elementType = elementType;
    this.littleEndian = littleEndian;
    this.buffer = ByteBuffer.wrap(littleEndian).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public MetadataType elementType() {
    return elementType;
  }

  @Override
  public int size() {
    return littleEndian.length / elementType.bytes();
  }

  /**
   * Returns an element of an array of whole numbers or booleans; a uint64 stands as its 64 bits.
   */
  public long longAt(int index) {
    return switch (elementType) {
      case UINT8, BOOL -> Byte.toUnsignedLong(buffer.get(index));
      case INT8 -> buffer.get(index);
      case UINT16 -> Short.toUnsignedLong(buffer.getShort(2 * index));
      case INT16 -> buffer.getShort(2 * index);
      case UINT32 -> Integer.toUnsignedLong(buffer.getInt(4 * index));
      case INT32 -> buffer.getInt(4 * index);
      case UINT64, INT64 -> buffer.getLong(8 * index);
      case FLOAT32, FLOAT64, STRING, ARRAY ->
          throw new IllegalStateException("not an array of whole numbers: " + elementType);
    };
  }

  /** Returns an element of an array of floating-point numbers. */
  public double doubleAt(int index) {
    return switch (elementType) {
      case FLOAT32 -> buffer.getFloat(4 * index);
      case FLOAT64 -> buffer.getDouble(8 * index);
      default ->
          throw new IllegalStateException("not an array of floating-point numbers: " + elementType);
    };
  }

  ByteBuffer bytes() {
    return ByteBuffer.wrap(littleEndian).asReadOnlyBuffer();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NumberArray array
        && array.elementType == elementType
        && Arrays.equals(array.littleEndian, littleEndian);
  }

  @Override
  public int hashCode() {
    return 31 * elementType.hashCode() + Arrays.hashCode(littleEndian);
  }

  @Override
  public String toString() {
    return "array of " + size() + " " + elementType;
  }
}
