package io.sparkllama.engine.runner;

import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.model.Adapter;
import io.sparkllama.engine.store.PackedLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes an adapter's description for native code: 8-byte little-endian words in the order that
 * {@code model/adapter.cc} reads them. Each matrix stands in it once, also where it is of several
 * weights.
 */
final class AdapterDescription {
  private static final int MATRIX_WORDS = 3;
  private static final int CHANGE_WORDS = 5;

  private final List<Adapter.Change> changes;
  private final List<TensorInfo> matrices = new ArrayList<>();
  private final Map<TensorInfo, Integer> indices = new IdentityHashMap<>();

  AdapterDescription(Adapter adapter) {
    this.changes = adapter.changes();
    for (Adapter.Change change : changes) {
      add(change.a());
      add(change.b());
    }
  }

  private void add(TensorInfo matrix) {
    if (indices.putIfAbsent(matrix, matrices.size()) == null) {
      matrices.add(matrix);
    }
  }

  /** Returns the matrices by their index in native code. */
  List<TensorInfo> matrices() {
    return matrices;
  }

  /** Returns the bytes that native code keeps of all matrices. */
  long keptBytes() {
    return matrices.stream()
        .mapToLong(
            matrix ->
                NativeBuffers.arrayBytes(
                    PackedLayout.matrixBytes(
                        Adapter.keptType(matrix), matrix.rows(), matrix.columns())))
        .sum();
  }

  ByteBuffer words() {
    int words = 2 + MATRIX_WORDS * matrices.size() + CHANGE_WORDS * changes.size();
    ByteBuffer description =
        ByteBuffer.allocateDirect(words * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    description.putLong(matrices.size());
    for (TensorInfo matrix : matrices) {
      description.putLong(Adapter.keptType(matrix).id());
      description.putLong(matrix.rows()).putLong(matrix.columns());
    }
    description.putLong(changes.size());
    for (Adapter.Change change : changes) {
      description.putLong(change.role().ordinal()).putLong(change.layer());
      description.putLong(indices.get(change.a())).putLong(indices.get(change.b()));
      description.putDouble(change.scale());
    }
    return description.flip();
  }
}
