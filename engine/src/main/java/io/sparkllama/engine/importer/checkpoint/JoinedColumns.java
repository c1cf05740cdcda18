package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Gives rows that are those of several matrices side by side; all have the same type and height.
 */
public record JoinedColumns(List<RowSource> sources) implements RowSource {
  public JoinedColumns {
    sources = List.copyOf(sources);
  }

  @Override
  public ElementType type() {
    return sources.get(0).type();
  }

  @Override
  public List<Long> shape() {
    return List.of(sources.get(0).rows(), sources.stream().mapToLong(RowSource::columns).sum());
  }

  @Override
  public String describe() {
    return sources.stream().map(RowSource::describe).distinct().collect(Collectors.joining(", "));
  }

  @Override
  public void read(long firstRow, ByteBuffer target) throws IOException {
    int end = target.limit();
    for (long row = firstRow; target.position() < end; row++) {
      for (RowSource source : sources) {
        target.limit(target.position() + source.rowBytes());
        source.read(row, target);
      }
    }
  }
}
