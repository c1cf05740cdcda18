package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.gguf.Dequantizer;
import io.sparkllama.engine.gguf.QuantizationType;
import java.nio.ByteBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RandomBlocksTest {
  private static final int COLUMNS = 2048;
  private static final int ROWS = 256;

  @ParameterizedTest
  @EnumSource(QuantizationType.class)
  void weightsHaveTheWantedSpreadAroundZero(QuantizationType type) {
    double deviation = 1 / Math.sqrt(COLUMNS);
    double sum = 0;
    double squares = 0;
    for (float weight : weights(type, deviation)) {
      assertThat(weight).isFinite();
      sum += weight;
      squares += (double) weight * weight;
    }
    int count = ROWS * COLUMNS;
    // Scales vary by a factor of 0.8 to 1.2, whose mean square is 1.013; the rest is the sampling
    // error of 2048 blocks with random sub-scales.
    assertThat(Math.sqrt(squares / count)).isBetween(0.97 * deviation, 1.04 * deviation);
    // Signed codes reach one further down than up: half a step off at most, a step being at most
    // deviation / 2.3 (codes -4 to 3).
    assertThat(Math.abs(sum / count)).isLessThan(0.25 * deviation);
  }

  @ParameterizedTest
  @EnumSource(QuantizationType.class)
  void rowsDependOnTheSeedAndTheRowAlone(QuantizationType type) {
    RandomBlocks forwards = new RandomBlocks(type, 0.02, 512, 7);
    RandomBlocks backwards = new RandomBlocks(type, 0.02, 512, 7);
    byte[][] rows = new byte[4][];
    for (int row = 0; row < rows.length; row++) {
      rows[row] = row(forwards, row);
    }
    for (int row = rows.length - 1; row >= 0; row--) {
      assertThat(row(backwards, row)).isEqualTo(rows[row]);
    }
    assertThat(rows[0]).isNotEqualTo(rows[1]);
    assertThat(row(new RandomBlocks(type, 0.02, 512, 8), 0)).isNotEqualTo(rows[0]);
  }

  private static float[] weights(QuantizationType type, double deviation) {
    RandomBlocks blocks = new RandomBlocks(type, deviation, COLUMNS, 42);
    ByteBuffer bytes = ByteBuffer.allocate(ROWS * blocks.rowBytes());
    for (int row = 0; row < ROWS; row++) {
      blocks.fillRow(row, bytes);
    }
    assertThat(bytes.remaining()).isZero();
    float[] weights = new float[ROWS * COLUMNS];
    Dequantizer.dequantize(type, bytes.flip(), weights);
    return weights;
  }

  private static byte[] row(RandomBlocks blocks, int row) {
    byte[] bytes = new byte[blocks.rowBytes()];
    blocks.fillRow(row, ByteBuffer.wrap(bytes));
    return bytes;
  }
}
