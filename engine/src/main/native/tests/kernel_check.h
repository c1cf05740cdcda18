// Compares buffers of floats bit by bit, and prepares activations, for the tests of kernels.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/aligned_array.h"
#include "ops/kernel_table.h"
#include "tests/expect.h"
#include "tests/instruction_sets.h"

namespace sparkllama::testing {

// Whether two floats are the same bits; NaNs are all alike.
inline bool same_bits(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::memcmp(&a, &b, sizeof(a)) == 0;
}

// Expects equal bits and says where the first difference is.
inline void expect_same(const std::vector<float>& actual, const std::vector<float>& expected,
                        const std::string& what) {
  EXPECT_EQUAL(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!same_bits(actual[i], expected[i])) {
      std::fprintf(stderr, "%s: element %zu of %zu: expected %a, was %a\n", what.c_str(), i,
                   actual.size(), static_cast<double>(expected[i]), static_cast<double>(actual[i]));
      ++failures;
      return;
    }
  }
}

// Activations that own their memory.
struct OwnedActivations {
  std::vector<float> values;
  std::vector<int8_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> sums;
  std::vector<int16_t> sums32;
  std::vector<uint8_t> loud;
  int64_t columns;
  ActivationTiles tiles;

  Activations view() const {
    return {values.data(), codes.data(), scales.data(), sums.data(),
            sums32.data(), loud.data(),  columns,       tiles};
  }
};

// Quantizes [num_rows, columns] by a table, in the format that the weight type reads and in tiles
// of at most tile_rows.
inline OwnedActivations prepare(const KernelTable& table, TensorType type,
                                const std::vector<float>& values, int64_t num_rows, int64_t columns,
                                int64_t tile_rows) {
  OwnedActivations out = {values, {}, {}, {}, {}, {}, columns, {num_rows, tile_rows}};
  const ActivationFormat format = activation_format(type);
  if (format == ActivationFormat::kFloat32 || columns == 0) return out;
  const int64_t block = format == ActivationFormat::kInt8Block32 ? 32 : 256;
  const int64_t sum_block = format == ActivationFormat::kInt8Block32 ? 32 : 16;
  out.codes.resize(static_cast<size_t>(num_rows * tile_row_bytes(columns)));
  out.scales.resize(static_cast<size_t>(num_rows * (columns / block)));
  out.sums.resize(static_cast<size_t>(num_rows * (columns / sum_block)));
  if (block == 256) {
    out.sums32.resize(static_cast<size_t>(num_rows * (columns / 32)));
    out.loud.resize(static_cast<size_t>(num_rows * (columns / 256)));
  }
  for (int64_t row = 0; row < num_rows; ++row) {
    const ActivationTile tile = out.tiles.tile_of(row);
    const int64_t index = row - tile.first_row;
    const QuantizedRow place = {
        out.codes.data() + tile.first_row * tile_row_bytes(columns) + index * kTileColumns,
        out.scales.data() + tile.first_row * (columns / block) + index,
        out.sums.data() + tile.first_row * (columns / sum_block) + index,
        out.sums32.data() + 2 * (tile.first_row * (columns / 64) + index),
        out.loud.data() + tile.first_row * (columns / 256) + index,
        tile.num_rows};
    (block == 32 ? table.quantize_block32 : table.quantize_block256)(values.data() + row * columns,
                                                                     columns, place);
  }
  return out;
}

// The same in tiles of one row: rows as they are.
inline OwnedActivations prepare(const KernelTable& table, TensorType type,
                                const std::vector<float>& values, int64_t columns) {
  const int64_t num_rows = columns == 0 ? 0 : static_cast<int64_t>(values.size()) / columns;
  return prepare(table, type, values, num_rows, columns, 1);
}

// A table's product, with scratch of its own.
inline void multiply(const KernelTable& table, const PackedMatrix& weights, int64_t row_begin,
                     int64_t row_end, const OwnedActivations& activations, std::vector<float>& y,
                     int64_t y_stride) {
  AlignedArray<std::byte> scratch(kProductScratchBytes);
  table.matrix_product(weights, row_begin, row_end, activations.view(), scratch.data(), y.data(),
                       y_stride);
}

}  // namespace sparkllama::testing
