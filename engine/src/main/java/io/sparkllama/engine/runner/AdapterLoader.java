package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.store.PackedLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Hands an adapter's matrices to a native runner, a few panels of rows at a time. */
final class AdapterLoader {
  private static final long PIECE_BYTES = 1 << 20;

  private final Adapter adapter;

  AdapterLoader(Adapter adapter) {
    this.adapter = adapter;
  }

  /** Opens the adapter in native code; returns the id by which steps name it. */
  int load(AdapterTarget target) {
    AdapterDescription description = new AdapterDescription(adapter);
    int id = target.open(description.words());
    try (TensorReader reader = TensorReader.open(adapter.file())) {
      for (int i = 0; i < description.matrices().size(); i++) {
        fill(target, id, i, description.matrices().get(i), reader);
      }
    } catch (IOException e) {
      throw new ModelFormatException(
          "the adapter cannot be read: " + adapter.file().parts().get(0) + ": " + e, e);
    }
    return id;
  }

  private static void fill(
      AdapterTarget target, int adapter, int index, TensorInfo matrix, TensorReader reader)
      throws IOException {
    QuantizationType kept = Adapter.keptType(matrix);
    long rowBytes = matrix.columns() * kept.blockBytes();
    long panels = Math.max(1, PIECE_BYTES / (PackedLayout.PANEL_ROWS * rowBytes));
    long step = Math.min(panels * PackedLayout.PANEL_ROWS, matrix.rows());
    ByteBuffer piece =
        ByteBuffer.allocateDirect(Math.toIntExact(step * rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
    for (long row = 0; row < matrix.rows(); row += step) {
      long rows = Math.min(step, matrix.rows() - row);
      piece.clear().limit((int) (rows * rowBytes));
      if (kept == matrix.type()) {
        reader.readBytes(matrix, row * rowBytes, piece);
      } else {
        for (long i = row; i < row + rows; i++) {
          for (float number : reader.readRow(matrix, i)) {
            piece.putFloat(number);
          }
        }
      }
      target.fill(adapter, index, piece.flip().slice());
    }
  }
}
