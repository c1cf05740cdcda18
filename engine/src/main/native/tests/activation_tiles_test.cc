// Checks that tiles of activation rows hold every row once, and are of like height.
#include "ops/activation_tiles.h"

#include "tests/expect.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

void check(ActivationTiles tiles) {
  int64_t next = 0;
  for (int64_t i = 0; i < tiles.count(); ++i) {
    const ActivationTile tile = tiles.tile(i);
    EXPECT_EQUAL(tile.first_row, next);
    next = tile.first_row + tile.num_rows;
    EXPECT(tile.num_rows >= 1 && tile.num_rows <= tiles.most_rows);
    EXPECT(tile.num_rows >= tiles.num_rows / tiles.count());
    for (int64_t row = tile.first_row; row < next; ++row) {
      EXPECT_EQUAL(tiles.tile_of(row).first_row, tile.first_row);
      EXPECT_EQUAL(tiles.tile_of(row).num_rows, tile.num_rows);
    }
  }
  EXPECT_EQUAL(next, tiles.num_rows);
}

}  // namespace

int main() {
  for (int64_t num_rows = 0; num_rows <= 100; ++num_rows) {
    for (int64_t most_rows = 1; most_rows <= 8; ++most_rows) check({num_rows, most_rows});
  }
  EXPECT_EQUAL(tile_row_bytes(0), 0);
  EXPECT_EQUAL(tile_row_bytes(32), 64);
  EXPECT_EQUAL(tile_row_bytes(64), 64);
  return result();
}
