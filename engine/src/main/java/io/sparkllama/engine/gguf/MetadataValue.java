package io.sparkllama.engine.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Holds one value of a file's metadata with the type it was written as. */
public sealed interface MetadataValue {
  /** Returns the type that stands in the file. */
  MetadataType type();

  /**
   * Holds a whole number.
   *
   * @param value the number; a uint64 above {@link Long#MAX_VALUE} stands as its 64 bits, negative
   */
  record IntegerValue(MetadataType type, long value) implements MetadataValue {
    @Override
    public String toString() {
      return type == MetadataType.UINT64 ? Long.toUnsignedString(value) : Long.toString(value);
    }
  }

  /** Holds a floating-point number. */
  record FloatValue(MetadataType type, double value) implements MetadataValue {
    @Override
    public String toString() {
      return type == MetadataType.FLOAT32 ? Float.toString((float) value) : Double.toString(value);
    }
  }

  /** Holds true or false. */
  record BooleanValue(boolean value) implements MetadataValue {
    @Override
    public MetadataType type() {
      return MetadataType.BOOL;
    }

    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  /** Holds a text. */
  record StringValue(String value) implements MetadataValue {
    @Override
    public MetadataType type() {
      return MetadataType.STRING;
    }

    @Override
    public String toString() {
      return value;
    }
  }

  /** Holds an array of texts. */
  record StringArray(List<String> values) implements ArrayValue {
    public StringArray {
      values = List.copyOf(values);
    }

    @Override
    public MetadataType elementType() {
      return MetadataType.STRING;
    }

    @Override
    public int size() {
      return values.size();
    }

    @Override
    public String toString() {
      return "array of " + size() + " string";
    }
  }

  /** Holds an array of any type. */
  sealed interface ArrayValue extends MetadataValue permits StringArray, NumberArray {
    @Override
    default MetadataType type() {
      return MetadataType.ARRAY;
    }

    /** Returns the type of every element. */
    MetadataType elementType();

    /** Returns the number of elements. */
    int size();
  }

  static MetadataValue ofUint32(long value) {
    if (value < 0 || value > 0xffff_ffffL) {
      throw new IllegalArgumentException("not an unsigned 32-bit number: " + value);
    }
    return new IntegerValue(MetadataType.UINT32, value);
  }

  static MetadataValue ofUint16(int value) {
    if (value < 0 || value > 0xffff) {
      throw new IllegalArgumentException("not an unsigned 16-bit number: " + value);
    }
    return new IntegerValue(MetadataType.UINT16, value);
  }

  static MetadataValue ofInt32(int value) {
    return new IntegerValue(MetadataType.INT32, value);
  }

  static MetadataValue ofUint64(long value) {
    return new IntegerValue(MetadataType.UINT64, value);
  }

  static MetadataValue ofFloat32(float value) {
    return new FloatValue(MetadataType.FLOAT32, value);
  }

  static MetadataValue ofBoolean(boolean value) {
    return new BooleanValue(value);
  }

  static MetadataValue ofString(String value) {
    return new StringValue(value);
  }

  static MetadataValue ofStrings(List<String> values) {
    return new StringArray(values);
  }

  static MetadataValue ofUint8s(byte[] values) {
    return new NumberArray(MetadataType.UINT8, values.clone());
  }

  static MetadataValue ofInt32s(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(values);
    return new NumberArray(MetadataType.INT32, bytes.array());
  }

  static MetadataValue ofFloat32s(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new NumberArray(MetadataType.FLOAT32, bytes.array());
  }
}
