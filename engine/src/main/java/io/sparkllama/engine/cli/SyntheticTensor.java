package io.sparkllama.engine.cli;

import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.model.QuantizationMix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Names a tensor of a synthetic model, and what fills it. */
record SyntheticTensor(
    String name, QuantizationType type, long columns, long rows, Content content) {
  /** Says what fills a tensor. */
  sealed interface Content {
    /** Fills with random weights of this standard deviation. */
    record Random(double deviation) implements Content {}

    /** Fills an F32 vector with these numbers. */
    record Numbers(float[] values) implements Content {}
  }

  /** Makes a matrix of random weights whose outputs have about the variance of its inputs. */
  static SyntheticTensor matrix(String name, QuantizationType wanted, long columns, long rows) {
    return new SyntheticTensor(
        name,
        QuantizationMix.storedType(wanted, columns),
        columns,
        rows,
        new Content.Random(1 / Math.sqrt(columns)));
  }

  /** Makes a vector of the given numbers. */
  static SyntheticTensor vector(String name, float[] values) {
    return new SyntheticTensor(
        name, QuantizationType.F32, values.length, 1, new Content.Numbers(values));
  }

  /** Returns bytes of one row. */
  long rowBytes() {
    return columns / type.blockSize() * type.blockBytes();
  }

  /** Returns a generator of rows; each thread takes its own. */
  RandomBlocks blocks(double deviation, long seed) {
    long own = seed;
    for (int i = 0; i < name.length(); i++) {
      own = RandomBlocks.mixed(own + name.charAt(i));
    }
    return new RandomBlocks(type, deviation, columns, own);
  }

  /** Returns the bytes of a vector. */
  static ByteBuffer bytes(Content.Numbers numbers) {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * numbers.values().length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(numbers.values());
    return bytes;
  }
}
