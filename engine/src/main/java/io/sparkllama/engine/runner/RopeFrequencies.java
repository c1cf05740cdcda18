package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.RopeScaling;
import io.sparkllama.engine.model.WeightMap;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;

/**
 * Computes how far each pair of a head's elements turns from one position to the next, by {@link
 * StrictMath}, so that every machine has the same bits.
 */
final class RopeFrequencies {
  private RopeFrequencies() {}

  /** Returns radians per position, [ropeDimension / 2]; the model's scaling is applied. */
  static double[] of(ModelConfig config, WeightMap weights, List<Path> parts) {
    double[] frequencies = new double[config.ropeDimension() / 2];
    double[] factors = factors(config, weights, parts);
    for (int i = 0; i < frequencies.length; i++) {
      double plain = StrictMath.pow(config.ropeBase(), -2.0 * i / config.ropeDimension());
      frequencies[i] = plain / factors[i];
    }
    return frequencies;
  }

  private static double[] factors(ModelConfig config, WeightMap weights, List<Path> parts) {
    double[] factors = new double[config.ropeDimension() / 2];
    java.util.Arrays.fill(
        factors, config.ropeScaling() instanceof RopeScaling.Linear linear ? linear.factor() : 1);
    if (config.ropeScaling() instanceof RopeScaling.Factors) {
      TensorInfo tensor = weights.tensor(WeightRole.ROPE_FACTORS, 0);
      read(tensor, parts.get(tensor.part()), factors);
    }
    return factors;
  }

  /** Reads float32 values; the tensor's shape and type were checked with the weight map. */
  private static void read(TensorInfo tensor, Path file, double[] factors) {
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
