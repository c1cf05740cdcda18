package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.ModelConfig.RopeTable;
import io.sparkllama.engine.model.RopeScaling;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Computes how far each pair of a head's elements turns from one position to the next, by {@link
 * StrictMath}, so that every machine has the same bits.
 *
 * @param magnitude that queries and keys are multiplied by as they are turned
 * @param perPosition radians, [ropeDimension / 2]; the model's scaling is applied
 */
record RopeFrequencies(double magnitude, double[] perPosition) {

  /**
   * Computes each table of a model.
   *
   * @param contextLength most tokens of a sequence: where a model has one set of factors for short
   *     contexts and one for long ones, this decides for all sequences, so that a row's bytes do
   *     not depend on its length
   */
  static List<RopeFrequencies> of(
      ModelConfig config, WeightMap weights, List<Path> parts, int contextLength) {
    return config.rope().tables().stream()
        .map(table -> of(table, config.rope().dimension(), weights, parts, contextLength))
        .toList();
  }

  private static RopeFrequencies of(
      RopeTable table, int dimension, WeightMap weights, List<Path> parts, int contextLength) {
    double[] factors = new double[dimension / 2];
    double magnitude = 1;
    Arrays.fill(
        factors, table.scaling() instanceof RopeScaling.Linear linear ? linear.factor() : 1);
    if (table.scaling() instanceof RopeScaling.Factors) {
      read(weights.tensor(WeightRole.ROPE_FACTORS, 0), parts, factors);
    } else if (table.scaling() instanceof RopeScaling.LongFactors both) {
      boolean isLong = contextLength > both.originalContext();
      WeightRole role = isLong ? WeightRole.ROPE_FACTORS_LONG : WeightRole.ROPE_FACTORS_SHORT;
      read(weights.tensor(role, 0), parts, factors);
      magnitude = both.magnitude();
    }
    double[] frequencies = new double[factors.length];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = StrictMath.pow(table.base(), -2.0 * i / dimension) / factors[i];
    }
    return new RopeFrequencies(magnitude, frequencies);
  }

  /** Reads float32 values; the tensor's shape and type were checked with the weight map. */
  private static void read(TensorInfo tensor, List<Path> parts, double[] factors) {
    Path file = parts.get(tensor.part());
    ByteBuffer bytes =
        ByteBuffer.allocate(factors.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(file)) {
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, tensor.offset() + bytes.position()) < 0) {
          throw new ModelFormatException(
              "The file is cut off within " + tensor.name() + ": " + file);
        }
      }
    } catch (IOException e) {
      throw new ModelFormatException("The file cannot be read: " + file + ": " + e, e);
    }
    for (int i = 0; i < factors.length; i++) {
      factors[i] = bytes.getFloat(i * Float.BYTES);
      if (!(factors[i] > 0) || Double.isInfinite(factors[i])) {
        throw new ModelFormatException(
            tensor.name() + " must hold positive numbers only: " + file + ": " + factors[i]);
      }
    }
  }
}
