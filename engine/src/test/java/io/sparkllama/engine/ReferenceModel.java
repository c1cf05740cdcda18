package io.sparkllama.engine;

import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.RopeScaling;
import io.sparkllama.engine.model.WeightRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Computes a model's logits in float64, one position after the other and straight from the
 * formulas: the independent opinion that the engine's numbers are compared with.
 */
final class ReferenceModel {
  private record Layer(
      double[] attentionNorm, // [embedding]
      double[][] query, // [heads * headDimension, embedding]
      double[][] key, // [kvHeads * headDimension, embedding]
      double[][] value, // [kvHeads * headDimension, embedding]
      double[][] output, // [embedding, heads * headDimension]
      double[] feedForwardNorm, // [embedding]
      double[][] gate, // [feedForward, embedding]
      double[][] up, // [feedForward, embedding]
      double[][] down) {} // [embedding, feedForward]

  private final ModelConfig config;
  private final double[][] embedding; // [vocabulary, embedding]
  private final double[] outputNorm; // [embedding]
  private final double[][] output; // [vocabulary, embedding]
  private final List<Layer> layers = new ArrayList<>();

  private ReferenceModel(ModelFile model, ModelConfig config, TensorReader reader)
      throws IOException {
    this.config = config;
    if (!(config.rope().tables().get(0).scaling() instanceof RopeScaling.None)) {
      throw new IllegalArgumentException("The reference has no RoPE scaling");
    }
    embedding = matrix(model, reader, WeightRole.TOKEN_EMBEDDING, 0);
    outputNorm = matrix(model, reader, WeightRole.OUTPUT_NORM, 0)[0];
    output = matrix(model, reader, WeightRole.OUTPUT, 0);
    for (int i = 0; i < config.layerCount(); i++) {
      layers.add(
          new Layer(
              matrix(model, reader, WeightRole.ATTENTION_NORM, i)[0],
              matrix(model, reader, WeightRole.ATTENTION_QUERY, i),
              matrix(model, reader, WeightRole.ATTENTION_KEY, i),
              matrix(model, reader, WeightRole.ATTENTION_VALUE, i),
              matrix(model, reader, WeightRole.ATTENTION_OUTPUT, i),
              matrix(model, reader, WeightRole.FEED_FORWARD_NORM, i)[0],
              matrix(model, reader, WeightRole.FEED_FORWARD_GATE, i),
              matrix(model, reader, WeightRole.FEED_FORWARD_UP, i),
              matrix(model, reader, WeightRole.FEED_FORWARD_DOWN, i)));
    }
  }

  static ReferenceModel of(ModelFile model) {
    return of(model, model.config());
  }

  /** Makes a reference of the model's weights that runs as another configuration says. */
  static ReferenceModel of(ModelFile model, ModelConfig config) {
    try (TensorReader reader = TensorReader.open(model.gguf())) {
      return new ReferenceModel(model, config, reader);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static double[][] matrix(ModelFile model, TensorReader reader, WeightRole role, int layer)
      throws IOException {
    TensorInfo tensor = model.weights().tensor(role, layer);
    double[][] rows = new double[Math.toIntExact(tensor.rows())][];
    for (int row = 0; row < rows.length; row++) {
      float[] numbers = reader.readRow(tensor, row);
      rows[row] = new double[numbers.length];
      for (int i = 0; i < numbers.length; i++) {
        rows[row][i] = numbers[i];
      }
    }
    return rows;
  }

  /** Returns the logits after each of the ids: [ids, vocabulary]. */
  double[][] logits(int[] ids) {
    double[][] logits = new double[ids.length][];
    double[][][] keys = new double[layers.size()][ids.length][]; // [layers, ids, kv width]
    double[][][] values = new double[layers.size()][ids.length][];
    for (int position = 0; position < ids.length; position++) {
      double[] x = embedding[ids[position]].clone();
      for (int i = 0; i < layers.size(); i++) {
        Layer layer = layers.get(i);
        double[] normed = norm(x, layer.attentionNorm());
        double[] query = rotate(multiply(layer.query(), normed), position);
        keys[i][position] = rotate(multiply(layer.key(), normed), position);
        values[i][position] = multiply(layer.value(), normed);
        add(
            x,
            multiply(
                layer.output(),
                attend(query, keys[i], values[i], position, config.layers().get(i).window())));
        normed = norm(x, layer.feedForwardNorm());
        double[] gate = multiply(layer.gate(), normed);
        double[] up = multiply(layer.up(), normed);
        for (int j = 0; j < gate.length; j++) {
          gate[j] = gate[j] / (1 + Math.exp(-gate[j])) * up[j];
        }
        add(x, multiply(layer.down(), gate));
      }
      logits[position] = multiply(output, norm(x, outputNorm));
    }
    return logits;
  }

  /** Returns the logarithm of the probability of an id. */
  static double logProbability(double[] logits, int id) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit - largest);
    }
    return logits[id] - largest - Math.log(sum);
  }

  private double[] attend(
      double[] query, double[][] keys, double[][] values, int position, int window) {
    int first = window == 0 ? 0 : Math.max(0, position + 1 - window);
    int width = config.attention().headDimension();
    int group = config.attention().headCount() / config.attention().kvHeadCount();
    double[] out = new double[query.length];
    for (int head = 0; head < config.attention().headCount(); head++) {
      int kvStart = head / group * width;
      double[] weights = new double[position + 1];
      double largest = Double.NEGATIVE_INFINITY;
      for (int p = first; p <= position; p++) {
        double dot = 0;
        for (int d = 0; d < width; d++) {
          dot += query[head * width + d] * keys[p][kvStart + d];
        }
        weights[p] = dot / Math.sqrt(width);
        largest = Math.max(largest, weights[p]);
      }
      double sum = 0;
      for (int p = first; p <= position; p++) {
        weights[p] = Math.exp(weights[p] - largest);
        sum += weights[p];
      }
      for (int p = first; p <= position; p++) {
        for (int d = 0; d < width; d++) {
          out[head * width + d] += weights[p] / sum * values[p][kvStart + d];
        }
      }
    }
    return out;
  }

  private double[] rotate(double[] heads, int position) {
    int rotated = config.rope().dimension();
    boolean adjacent = config.rope().layout() == ModelConfig.RopeLayout.ADJACENT;
    for (int start = 0; start < heads.length; start += config.attention().headDimension()) {
      for (int i = 0; i < rotated / 2; i++) {
        double angle =
            position * Math.pow(config.rope().tables().get(0).base(), -2.0 * i / rotated);
        int first = start + (adjacent ? 2 * i : i);
        int second = adjacent ? first + 1 : first + rotated / 2;
        double a = heads[first];
        double b = heads[second];
        heads[first] = a * Math.cos(angle) - b * Math.sin(angle);
        heads[second] = a * Math.sin(angle) + b * Math.cos(angle);
      }
    }
    return heads;
  }

  private double[] norm(double[] x, double[] weight) {
    double sum = 0;
    for (double value : x) {
      sum += value * value;
    }
    double scale = 1 / Math.sqrt(sum / x.length + config.norms().epsilon());
    double[] out = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      out[i] = x[i] * scale * weight[i];
    }
    return out;
  }

  private static double[] multiply(double[][] matrix, double[] x) {
    double[] out = new double[matrix.length];
    for (int row = 0; row < matrix.length; row++) {
      double sum = 0;
      for (int i = 0; i < x.length; i++) {
        sum += matrix[row][i] * x[i];
      }
      out[row] = sum;
    }
    return out;
  }

  private static void add(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] += y[i];
    }
  }
}
