// Walks the matrix product of every table that this processor has against the reference, bit by
// bit.
#include <cstdio>

#include "cpu/kernel_dispatch.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr float kUntouched = -12345.0f;

struct Case {
  TensorType type;
  int64_t rows;
  int64_t row_begin;
  int64_t row_end;
  int64_t columns;
  int64_t num_rows;
  bool finite;
};

void compare(const KernelTable& table, const Case& c, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  // An odd multiple of 2 bytes: blocks of a file are not aligned any better.
  std::vector<std::byte> data = random_weights(c.type, c.rows * c.columns, c.finite, random);
  data.insert(data.begin(), 2, std::byte{0});
  const PackedWeights packed(c.type, data.data() + 2, c.rows, c.columns);
  const PackedMatrix& weights = packed.matrix();
  const std::vector<float> values = random.gaussians(c.num_rows * c.columns);
  // The reference reads rows as they are, the table tiles of its own.
  const OwnedActivations rows = prepare(reference, c.type, values, c.num_rows, c.columns, 1);
  const OwnedActivations tiles =
      prepare(table, c.type, values, c.num_rows, c.columns, table.tile_rows);
  const int64_t stride = c.rows + 3;
  std::vector<float> expected(static_cast<size_t>(c.num_rows * stride), kUntouched);
  std::vector<float> actual = expected;
  multiply(reference, weights, c.row_begin, c.row_end, rows, expected, stride);
  multiply(table, weights, c.row_begin, c.row_end, tiles, actual, stride);
  const std::string what = std::string(table.name) + " " + tensor_type_name(c.type) + " rows " +
                           std::to_string(c.row_begin) + ".." + std::to_string(c.row_end) + " of " +
                           std::to_string(c.rows) + ", columns " + std::to_string(c.columns) +
                           ", activations " + std::to_string(c.num_rows);
  expect_same(actual, expected, what);
  // The reference itself writes its range and nothing else.
  for (int64_t t = 0; t < c.num_rows; ++t) {
    for (int64_t r = 0; r < stride; ++r) {
      const bool inside = r >= c.row_begin && r < c.row_end;
      const float y = expected[static_cast<size_t>(t * stride + r)];
      if (inside == (y == kUntouched)) EXPECT(inside && y != kUntouched);
    }
  }
}

void walk_type(const KernelTable& table, TensorType type, Random& random) {
  const int64_t block = block_columns(type);
  std::vector<int64_t> widths;
  if (block == 1) widths = {0, 1, 7, 8, 9, 63, 64, 65, 100, 172, 352};
  if (block == 32) widths = {0, 32, 64, 224, 256, 288, 544};
  if (block == 256) widths = {0, 256, 512, 768};
  for (const int64_t columns : widths) {
    for (const int64_t num_rows : {0, 1, 2, 3, 4, 5, 6, 7, 11, 13}) {
      for (const int64_t rows : {1, 7, 8, 9, 17, 24, 33, 48}) {
        compare(table, {type, rows, 0, rows, columns, num_rows, true}, random);
      }
      compare(table, {type, 53, 16, 48, columns, num_rows, true}, random);
      compare(table, {type, 53, 32, 53, columns, num_rows, true}, random);
      compare(table, {type, 37, 16, 16, columns, num_rows, true}, random);
      compare(table, {type, 19, 0, 19, columns, num_rows, false}, random);
    }
  }
}

// Rows so wide that a product walks them in three chunks, even of one panel, and so many activation
// rows that it may unfold the weights first: neither must be seen.
void walk_chunks(const KernelTable& table, TensorType type, Random& random) {
  const RecordLayout record = record_layout(type);
  const int64_t chunk_blocks = kProductScratchBytes / (record.bytes / record.blocks);
  const int64_t columns = (2 * chunk_blocks + 1) * record.block_columns;
  for (const int64_t num_rows : {1, 7, 50}) {
    compare(table, {type, 33, 0, 33, columns, num_rows, true}, random);
  }
  const int64_t block = block_columns(type);
  for (const int64_t num_rows : {29, 43, 61, 64}) {
    for (const int64_t rows : {1, 17, 32, 40}) {
      compare(table, {type, rows, 0, rows, 3 * block, num_rows, rows != 17}, random);
    }
  }
}

// Activations whose codes are their values. Rows are as loud as they can be without being called so
// (16 magnitudes of kQuietSum), but for every 13th, of one more. The first two rows are ones.
float extreme_value(int64_t t, int64_t i) {
  if (t < 2) return t == 0 ? 1.0f : -1.0f;
  const int64_t k = i % 256;
  float magnitude = t % 13 == 5 || k % 16 != 0 ? 64.0f : 63.0f;
  if (k < 16) magnitude = k == 0 ? 127.0f : k <= 11 ? 60.0f : 59.0f;  // 1023 together
  const bool positive = t % 3 == 0 || (t % 3 == 1 && i / t % 2 == 0);
  return positive ? magnitude : -magnitude;
}

// The largest sums of products: nothing may saturate or overflow.
void walk_extremes(const KernelTable& table, TensorType type) {
  const int64_t columns = block_columns(type) == 1 ? 64 : 512;
  const int64_t rows = 8;
  const int64_t num_rows = 64;
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  for (const int byte : {0x00, 0x0f, 0x7f, 0x80, 0x81, 0xf0, 0xff}) {
    std::vector<std::byte> data(static_cast<size_t>(rows * row_bytes(type, columns)),
                                static_cast<std::byte>(byte));
    const HalfFields fields = half_fields(type);
    for (size_t at = 0; at < data.size(); at += static_cast<size_t>(block_bytes(type))) {
      for (const int field : {fields.scale, fields.minimum}) {
        if (field < 0 || block_columns(type) == 1) continue;
        const uint16_t one = 0x3c00;
        std::memcpy(&data[at + static_cast<size_t>(field)], &one, sizeof(one));
      }
    }
    const PackedWeights packed(type, data.data(), rows, columns);
    const PackedMatrix& weights = packed.matrix();
    std::vector<float> values;
    for (int64_t i = 0; i < num_rows * columns; ++i) {
      values.push_back(extreme_value(i / columns, i % columns));
    }
    const OwnedActivations rows_as_are = prepare(reference, type, values, num_rows, columns, 1);
    const OwnedActivations tiles = prepare(table, type, values, num_rows, columns, table.tile_rows);
    std::vector<float> expected(static_cast<size_t>(num_rows * rows));
    std::vector<float> actual = expected;
    multiply(reference, weights, 0, rows, rows_as_are, expected, rows);
    multiply(table, weights, 0, rows, tiles, actual, rows);
    expect_same(actual, expected,
                std::string(tensor_type_name(type)) + " all bytes " + std::to_string(byte));
  }
}

}  // namespace

int main() {
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    Random random(7);
    for (const TensorType type : kAllTypes) {
      walk_type(*table, type, random);
      walk_chunks(*table, type, random);
      walk_extremes(*table, type);
    }
  }
  return result();
}
