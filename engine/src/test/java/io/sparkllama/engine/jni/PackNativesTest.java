package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds what the boundary refuses: nothing is read or written outside of the buffers. */
class PackNativesTest {
  private static final int F32 = 0;
  private static final int Q4_0 = 2;

  @BeforeAll
  static void load() {
    NativeLibrary.load(Optional.empty());
  }

  @Test
  void turnsRowsIntoPanels() {
    int rows = 17;
    int columns = 3;
    ByteBuffer source =
        ByteBuffer.allocateDirect(4 * rows * columns).order(ByteOrder.nativeOrder());
    for (int i = 0; i < rows * columns; i++) {
      source.putFloat(4 * i, i);
    }
    ByteBuffer panels = panels(2 * PackNatives.panelBytes(F32, columns));
    PackNatives.packRows(F32, source, rows, columns, panels);
    for (int row = 0; row < 32; row++) {
      for (int column = 0; column < columns; column++) {
        long panel = row / 16 * PackNatives.panelBytes(F32, columns);
        float packed = panels.getFloat((int) panel + 4 * (16 * column + row % 16));
        assertThat(packed).isEqualTo(row < rows ? row * columns + column : 0);
      }
    }
  }

  @Test
  void refusesBuffersOfAnotherSize() {
    ByteBuffer rows = ByteBuffer.allocateDirect(2 * 18);
    ByteBuffer panels = panels(PackNatives.panelBytes(Q4_0, 32));
    PackNatives.packRows(Q4_0, rows, 2, 32, panels);
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 1, 32, panels), "rows");
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 3, 32, panels), "rows");
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 2, 64, panels), "rows");
    ByteBuffer shorter = panels.slice(0, panels.capacity() - 1);
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 2, 32, shorter), "panels");
    ByteBuffer longer = panels(panels.capacity() + 64);
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 2, 32, longer), "panels");
    ByteBuffer crooked = longer.slice(32, panels.capacity());
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 2, 32, crooked), "64");
  }

  @Test
  void refusesWhatNoWeightsAre() {
    ByteBuffer rows = ByteBuffer.allocateDirect(18);
    ByteBuffer panels = panels(64);
    assertRefused(() -> PackNatives.panelBytes(4, 32), "type 4");
    assertRefused(() -> PackNatives.panelBytes(-1, 32), "type -1");
    assertRefused(() -> PackNatives.panelBytes(Q4_0, 33), "33 columns");
    assertRefused(() -> PackNatives.panelBytes(Q4_0, 0), "0 columns");
    assertRefused(() -> PackNatives.panelBytes(Q4_0, -32), "-32 columns");
    assertRefused(() -> PackNatives.panelBytes(Q4_0, 1L << 62), "columns");
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 0, 32, panels), "0");
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, -1, 32, panels), "-1");
    assertRefused(() -> PackNatives.packRows(Q4_0, rows, 1L << 60, 32, panels), "rows");
    assertRefused(() -> PackNatives.packRows(Q4_0, null, 1, 32, panels), "direct buffer");
    assertRefused(
        () -> PackNatives.packRows(Q4_0, ByteBuffer.allocate(18), 1, 32, panels), "direct buffer");
  }

  private static void assertRefused(Runnable call, String words) {
    assertThatThrownBy(call::run)
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining(words);
  }

  private static ByteBuffer panels(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes + 64))
        .alignedSlice(64)
        .slice(0, Math.toIntExact(bytes))
        .order(ByteOrder.nativeOrder());
  }
}
