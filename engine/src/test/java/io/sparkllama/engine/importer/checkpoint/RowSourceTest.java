package io.sparkllama.engine.importer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.importer.family.HyperParameters;
import io.sparkllama.engine.importer.family.RowOrder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads rows of tensors of bytes, whose element {@code n} of the file is {@code n}. */
class RowSourceTest {
  @TempDir private Path folder;

  private Checkpoint checkpoint;

  @BeforeEach
  void open() throws IOException {
    byte[] bytes = new byte[64];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    Path file = Files.write(folder.resolve("file"), bytes);
    checkpoint =
        Checkpoint.open(
            List.of(file),
            (path, part) ->
                List.of(
                    tensor("a", 0, 2, 3), // rows 0 1 2, 3 4 5
                    tensor("b", 6, 4, 3), // rows 6 7 8, … 15 16 17
                    tensor("c", 18, 2, 1), // rows 18, 19
                    tensor("v", 32, 8)));
  }

  @AfterEach
  void close() throws IOException {
    checkpoint.close();
  }

  private static CheckpointTensor tensor(String name, int offset, long... shape) {
    List<Long> dimensions = Arrays.stream(shape).boxed().toList();
    long bytes = dimensions.stream().reduce(1L, (a, b) -> a * b);
    return new CheckpointTensor(name, ElementType.U8, dimensions, 0, offset, bytes);
  }

  private RowSource rows(String name) {
    return checkpoint.rows(name).orElseThrow();
  }

  private static byte[] read(RowSource source, long first, int rows) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(rows * source.rowBytes());
    source.read(first, target);
    assertThat(target.hasRemaining()).isFalse();
    return target.array();
  }

  @Test
  void stackedRowsCrossTheirBorders() throws IOException {
    RowSource source = new StackedRows(List.of(rows("a"), rows("b"), rows("a")));

    assertThat(source.shape()).containsExactly(8L, 3L);
    assertThat(read(source, 0, 8))
        .containsExactly(
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 0, 1, 2, 3, 4, 5);
    assertThat(read(source, 1, 2)).containsExactly(3, 4, 5, 6, 7, 8);
    assertThat(read(source, 5, 2)).containsExactly(15, 16, 17, 0, 1, 2);
    assertThat(read(source, 7, 1)).containsExactly(3, 4, 5);
  }

  @Test
  void joinedColumnsStandSideBySide() throws IOException {
    RowSource source = new JoinedColumns(List.of(rows("a"), rows("c")));

    assertThat(source.shape()).containsExactly(2L, 4L);
    assertThat(read(source, 0, 2)).containsExactly(0, 1, 2, 18, 3, 4, 5, 19);
    assertThat(read(source, 1, 1)).containsExactly(3, 4, 5, 19);
  }

  @Test
  void adjacentPairsTakeTheHalvesInTurn() throws IOException {
    HyperParameters shape =
        new HyperParameters(1, 8, 8, 2, 1, 4, 8, new HyperParameters.Experts(0, 0, 0));
    RowSource vector = rows("v");
    RowSource query = new OrderedRows(vector, RowOrder.ADJACENT_QUERY.of(shape, vector.rows()));
    RowSource key = new OrderedRows(vector, RowOrder.ADJACENT_KEY.of(shape, vector.rows()));

    assertThat(read(query, 0, 8)).containsExactly(32, 34, 33, 35, 36, 38, 37, 39);
    assertThat(read(query, 3, 2)).containsExactly(35, 36);
    assertThat(read(key, 0, 8)).containsExactly(32, 36, 33, 37, 34, 38, 35, 39);
  }
}
