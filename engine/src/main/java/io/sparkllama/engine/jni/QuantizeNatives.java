package io.sparkllama.engine.jni;

import java.nio.ByteBuffer;

/**
 * Declares the method that turns weights from one stored type into another. It is bound when {@link
 * NativeLibrary#load} has returned.
 */
public final class QuantizeNatives {
  private QuantizeNatives() {}

  /**
   * Encodes elements. Any number of threads may encode at once.
   *
   * @param sourceType the id of a {@link io.sparkllama.engine.gguf.QuantizationType}
   * @param source direct, whole: as many elements, as a GGUF file has them
   * @param target direct, whole: filled with as many elements; what they are has no meaning where
   *     one of the sums below is not finite
   * @param elements whole blocks of both types, at most {@link Integer#MAX_VALUE}
   * @return the sum of the elements' squares, not finite where an element is not; and the sum of
   *     the squares of what storing them changed, not finite where the type cannot hold them
   * @throws io.sparkllama.engine.api.EngineFailedException for types that no tensor has, or that
   *     there is no quantizer for, and for buffers of another size than their contents
   */
  public static native double[] quantize(
      int sourceType, ByteBuffer source, int targetType, ByteBuffer target, long elements);
}
