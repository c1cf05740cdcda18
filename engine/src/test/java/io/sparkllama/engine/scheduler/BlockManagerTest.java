package io.sparkllama.engine.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds the count of blocks through growing, forking and letting go. */
class BlockManagerTest {
  private final BlockManager blocks = new BlockManager(new int[] {10, 12}, 4, false);

  private static BlockTable[] tables() {
    return new BlockTable[] {new BlockTable(), new BlockTable()};
  }

  @Test
  void growsByWhatIsLacking() {
    BlockTable[] tables = tables();
    assertThat(blocks.freeBlocks()).isEqualTo(10);
    blocks.grow(tables, 1);
    blocks.grow(tables, 4);
    assertThat(tables[0].size()).isEqualTo(1);
    blocks.grow(tables, 5);
    assertThat(tables[1].size()).isEqualTo(2);
    assertThat(blocks.freeBlocks()).isEqualTo(8);
    assertThat(blocks.reach(tables)).isEqualTo(40);
    blocks.release(tables);
    assertThat(blocks.freeBlocks()).isEqualTo(10);
    assertThat(tables[0].size()).isZero();
  }

  @Test
  void sharesFullBlocksAndCopiesAPartialOne() {
    BlockTable[] parent = tables();
    blocks.grow(parent, 10);
    BlockTable[] child = tables();
    List<BlockCopy> copies = blocks.fork(parent, child, 10);
    assertThat(copies)
        .containsExactly(
            new BlockCopy(0, parent[0].block(2), child[0].block(2)),
            new BlockCopy(1, parent[1].block(2), child[1].block(2)));
    assertThat(child[0].block(1)).isEqualTo(parent[0].block(1));
    assertThat(child[0].block(2)).isNotEqualTo(parent[0].block(2));
    assertThat(blocks.freeBlocks()).isEqualTo(6);
    blocks.release(parent);
    assertThat(blocks.freeBlocks()).isEqualTo(7);
    blocks.release(child);
    assertThat(blocks.freeBlocks()).isEqualTo(10);
  }

  @Test
  void copiesNothingAtABorder() {
    BlockTable[] parent = tables();
    blocks.grow(parent, 8);
    BlockTable[] child = tables();
    assertThat(blocks.fork(parent, child, 8)).isEmpty();
    assertThat(blocks.freeBlocks()).isEqualTo(8);
    assertThat(blocks.blocksForFork(8, 9)).isEqualTo(1);
    assertThat(blocks.blocksForFork(10, 12)).isEqualTo(1);
    assertThat(blocks.blocksForFork(10, 13)).isEqualTo(2);
  }

  @Test
  void refusesMoreThanThereIs() {
    assertThatThrownBy(() -> blocks.grow(tables(), 41)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> new BlockManager(new int[] {1}, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
