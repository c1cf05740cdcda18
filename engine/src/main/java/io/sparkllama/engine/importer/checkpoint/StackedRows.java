package io.sparkllama.engine.importer.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Gives the rows of several sources, one after the other; all have the same type and width. */
public record StackedRows(List<RowSource> sources) implements RowSource {
  public StackedRows {
    sources = List.copyOf(sources);
  }

  @Override
  public ElementType type() {
    return sources.get(0).type();
  }

  @Override
  public List<Long> shape() {
    List<Long> shape = new ArrayList<>(sources.get(0).shape());
    shape.set(0, sources.stream().mapToLong(source -> source.shape().get(0)).sum());
    return shape;
  }

  @Override
  public String describe() {
    return sources.stream().map(RowSource::describe).distinct().collect(Collectors.joining(", "));
  }

  @Override
  public void read(long firstRow, ByteBuffer target) throws IOException {
    int rowBytes = rowBytes();
    int end = target.limit();
    long first = firstRow;
    for (RowSource source : sources) {
      long rows = source.rows();
      if (first < rows && target.position() < end) {
        target.limit((int) Math.min(end, target.position() + (rows - first) * rowBytes));
        source.read(first, target);
        target.limit(end);
      }
      first = Math.max(0, first - rows);
    }
  }
}
