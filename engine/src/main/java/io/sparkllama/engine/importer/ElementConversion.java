package io.sparkllama.engine.importer;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.HalfPrecision;
import io.sparkllama.engine.gguf.QuantizationType;
import java.nio.ByteBuffer;

/**
 * Turns elements of one type into those of another, rounding to nearest, ties to even, and refuses
 * what no model can be run with: weights that are no finite numbers.
 *
 * @param name of the tensor and its checkpoint, for messages
 * @param addend what is added to every element, in 32 bits
 */
record ElementConversion(String name, QuantizationType from, QuantizationType to, float addend) {
  private static final float LARGEST_F16 = 65_504;

  /**
   * Converts all elements of {@code source}, in little-endian order.
   *
   * @param target has room for as many
   */
  void convert(ByteBuffer source, ByteBuffer target) {
    boolean copied = from == to && addend == 0;
    while (source.hasRemaining()) {
      int start = source.position();
      float value =
          switch (from) {
            case F32 -> source.getFloat();
            case F16 -> HalfPrecision.fromF16(source.getShort());
            case BF16 -> HalfPrecision.fromBf16(source.getShort());
            default -> throw new IllegalStateException("not a type of checkpoints: " + from);
          };
      if (!Float.isFinite(value)) {
        throw new ModelFormatException(
            "the tensor holds a weight that is no finite number, " + value + ": " + name);
      }
      if (copied) {
        copy(source, start, target);
      } else {
        put(value + addend, target);
      }
    }
  }

  /** Keeps the bits: a sum with zero would lose the sign of a zero. */
  private void copy(ByteBuffer source, int start, ByteBuffer target) {
    if (from == QuantizationType.F32) {
      target.putInt(source.getInt(start));
    } else {
      target.putShort(source.getShort(start));
    }
  }

  private void put(float value, ByteBuffer target) {
    switch (to) {
      case F32 -> target.putFloat(value);
      case BF16 ->
          target.putShort(finite(HalfPrecision.toBf16(value), 0x7f80, "; import as f32: "));
      case F16 ->
          target.putShort(
              finite(
                  HalfPrecision.toF16(value),
                  0x7c00,
                  ", whose largest number is " + LARGEST_F16 + "; import as bf16 or f32: "));
      default -> throw new IllegalStateException("not a type of imports: " + to);
    }
  }

  /** Returns a number of 16 bits, unless rounding made it infinite. */
  private short finite(short half, int infinity, String remedy) {
    if ((half & 0x7fff) == infinity) {
      throw new ModelFormatException(
          "the tensor holds a weight that is too large for " + to + remedy + name);
    }
    return half;
  }
}
