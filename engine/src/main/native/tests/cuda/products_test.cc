// Walks a device's matrix products of all types and block shapes against the reference, bit by bit.
#include "cuda/kernels/products.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "cuda/kernels/quantize_rows.h"
#include "tests/cuda/fiber_orders.h"
#include "tests/cuda/placed_weights.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

constexpr float kUntouched = -12345.0f;

// How many multiprocessors the device is said to have. Where there are none to fill, blocks are as
// large as they may be.
constexpr int32_t kNone = 0;
constexpr int32_t kMany = 1000;

struct Rows {
  int64_t count;
  int64_t columns;
  std::vector<float> values;  // [count, columns]
};

// Rows on the device, quantized where the columns allow it.
class DeviceRows {
 public:
  DeviceRows(const Rows& rows, cudaStream_t stream)
      : stream_(stream),
        num_rows_(static_cast<int32_t>(rows.count)),
        values_(std::max<int64_t>(rows.count * rows.columns, 1)),
        memory_(std::max<int64_t>(quantized_rows_bytes(rows.count, rows.columns), 64)),
        quantized_(quantized_rows(memory_.data(), rows.count, rows.columns)) {
    std::copy(rows.values.begin(), rows.values.end(), values_.data());
    const FormatSet formats = {rows.columns % 32 == 0, rows.columns % 256 == 0};
    if (formats.empty() || rows.columns == 0) return;
    launch_quantize_rows(launch(0, kNone), values_.data(), rows.columns, formats, quantized_);
    EXPECT_EQUAL(cudaStreamSynchronize(stream_), cudaSuccess);
  }

  // For so many rows more than there are.
  RowLaunch launch(int32_t more, int32_t multiprocessors) const {
    return {stream_, &num_rows_, num_rows_ + more, multiprocessors};
  }

  void multiply(std::initializer_list<BackendProduct> products, int32_t more,
                int32_t multiprocessors) const {
    launch_products(launch(more, multiprocessors), products, quantized_, values_.data());
    EXPECT_EQUAL(cudaStreamSynchronize(stream_), cudaSuccess);
  }

 private:
  cudaStream_t stream_;
  int32_t num_rows_;
  AlignedArray<float> values_;
  AlignedArray<std::byte> memory_;
  QuantizedRows quantized_;
};

std::vector<float> expected_product(const PackedMatrix& weights, const Rows& rows) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const OwnedActivations prepared =
      prepare(reference, weights.type, rows.values, rows.count, rows.columns, 1);
  // One output more, that nothing may write.
  std::vector<float> y(static_cast<size_t>(rows.count * weights.rows), kUntouched);
  testing::multiply(reference, weights, 0, weights.rows, prepared, y, weights.rows);
  y.push_back(kUntouched);
  return y;
}

std::string described(const PackedMatrix& weights, const Rows& rows) {
  return std::string(tensor_type_name(weights.type)) + " " + std::to_string(weights.rows) + " by " +
         std::to_string(weights.columns) + ", rows " + std::to_string(rows.count);
}

void compare(const PackedMatrix& packed, const Rows& rows, cudaStream_t stream,
             std::initializer_list<int32_t> multiprocessors, int32_t more = 0) {
  const std::vector<float> expected = expected_product(packed, rows);
  const PlacedWeights placed(packed, stream);
  const DeviceRows device(rows, stream);
  for (const int32_t count : multiprocessors) {
    std::vector<float> actual(expected.size(), kUntouched);
    device.multiply({{&placed.matrix(), actual.data()}}, more, count);
    expect_same(actual, expected,
                described(packed, rows) + ", " + std::to_string(count) +
                    " multiprocessors, room for " + std::to_string(more));
  }
}

struct Size {
  int64_t rows;
  int64_t blocks;
  int64_t num_rows;
};

void compare_random(TensorType type, const Size& size, bool finite, cudaStream_t stream,
                    std::initializer_list<int32_t> multiprocessors, int32_t more = 0) {
  const int64_t columns = size.blocks * block_columns(type);
  Random random(static_cast<uint64_t>(size.rows * 7919 + columns * 31 + size.num_rows));
  const std::vector<std::byte> data = random_weights(type, size.rows * columns, finite, random);
  const PackedWeights packed(type, data.data(), size.rows, columns);
  compare(packed.matrix(), {size.num_rows, columns, random.gaussians(size.num_rows * columns)},
          stream, multiprocessors, more);
}

void walk_sizes(TensorType type, cudaStream_t stream) {
  const bool wide = block_columns(type) == 256;
  for (const int64_t rows : {1, 16, 17, 100}) {
    compare_random(type, {rows, 1, 1}, true, stream, {kNone, kMany});
    compare_random(type, {rows, 3, 9}, true, stream, {kNone, kMany});
    compare_random(type, {rows, 2, 33}, rows != 17, stream, {kNone, kMany});
  }
  for (const int64_t num_rows : {2, 7, 8, 64}) {
    compare_random(type, {40, wide ? 1 : 7, num_rows}, true, stream, {kNone, kMany});
  }
  compare_random(type, {300, 1, 65}, true, stream, {kNone, kMany});
  compare_random(type, {150, wide ? 1 : 5, 130}, true, stream, {kNone});
  compare_random(type, {33, 1, 200}, false, stream, {kNone, kMany});
  // Rounds of the ring: more stages than it has slots, and columns that end within one.
  compare_random(type, {17, wide ? 9 : 77, 3}, true, stream, {kNone});
  compare_random(type, {17, wide ? 9 : 77, 10}, true, stream, {kNone});
  compare_random(type, {17, wide ? 5 : 41, 40}, true, stream, {kNone, kMany});
  compare_random(type, {17, wide ? 2 : 23, 70}, true, stream, {kNone, kMany});
  compare_random(type, {140, wide ? 4 : 27, 70}, true, stream, {kNone});
  // Launched for more rows than there are.
  compare_random(type, {40, 2, 3}, true, stream, {kNone, kMany}, 130);
  compare_random(type, {40, 2, 8}, true, stream, {kNone}, 1);
}

// Activations whose codes are their values, all as large as codes can be.
void walk_extremes(TensorType type, cudaStream_t stream) {
  const int64_t columns = block_columns(type) == 1 ? 64 : 512;
  constexpr int64_t kRows = 8;
  for (const int byte : {0x00, 0x0f, 0x7f, 0x80, 0xf0, 0xff}) {
    std::vector<std::byte> data(static_cast<size_t>(kRows * row_bytes(type, columns)),
                                static_cast<std::byte>(byte));
    const HalfFields fields = half_fields(type);
    for (size_t at = 0; at < data.size(); at += static_cast<size_t>(block_bytes(type))) {
      for (const int field : {fields.scale, fields.minimum}) {
        if (field < 0 || block_columns(type) == 1) continue;
        const uint16_t one = 0x3c00;
        std::memcpy(&data[at + static_cast<size_t>(field)], &one, sizeof(one));
      }
    }
    const PackedWeights packed(type, data.data(), kRows, columns);
    for (const int64_t num_rows : {3, 11}) {
      Rows rows = {num_rows, columns, {}};
      for (int64_t i = 0; i < num_rows * columns; ++i) {
        const int64_t row = i / columns;
        rows.values.push_back(row % 3 == 0 || (row % 3 == 1 && i % 2 == 0) ? 127.0f : -127.0f);
      }
      compare(packed.matrix(), rows, stream, {kNone});
    }
  }
}

// Rows with what is no number spoil themselves alone; a row alone has the bits that it has among
// others.
void walk_strange_rows(TensorType type, cudaStream_t stream) {
  const int64_t columns = block_columns(type) == 1 ? 100 : 512;
  constexpr int64_t kOutputs = 20;
  Random random(5);
  const std::vector<std::byte> data = random_weights(type, kOutputs * columns, true, random);
  const PackedWeights packed(type, data.data(), kOutputs, columns);
  Rows rows = {70, columns, random.gaussians(70 * columns)};
  rows.values[3 * columns + 1] = std::numeric_limits<float>::quiet_NaN();
  rows.values[8 * columns + columns - 1] = std::numeric_limits<float>::infinity();
  rows.values[69 * columns] = -std::numeric_limits<float>::infinity();
  for (int64_t i = 0; i < columns; ++i) {
    rows.values[5 * columns + i] *= 0x1p-120f;
    rows.values[6 * columns + i] *= 0x1p120f;
  }
  compare(packed.matrix(), rows, stream, {kNone, kMany});
  for (const int64_t row : {2, 5, 6, 8, 69}) {
    const auto begin = rows.values.begin() + row * columns;
    compare(packed.matrix(), {1, columns, {begin, begin + columns}}, stream, {kNone});
  }
}

// Products that share a launch, in part or not at all.
void walk_groups(std::array<TensorType, 3> types, int64_t num_rows, cudaStream_t stream) {
  constexpr int64_t kColumns = 512;
  constexpr int64_t kOutputs[] = {100, 17, 33};
  Random random(static_cast<uint64_t>(num_rows));
  const Rows rows = {num_rows, kColumns, random.gaussians(num_rows * kColumns)};
  const DeviceRows device(rows, stream);
  std::vector<std::unique_ptr<PlacedWeights>> placed;
  std::vector<std::vector<float>> expected, actual;
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::byte> data =
        random_weights(types[i], kOutputs[i] * kColumns, true, random);
    const PackedWeights packed(types[i], data.data(), kOutputs[i], kColumns);
    expected.push_back(expected_product(packed.matrix(), rows));
    actual.emplace_back(expected[i].size(), kUntouched);
    placed.push_back(std::make_unique<PlacedWeights>(packed.matrix(), stream));
  }
  device.multiply({{&placed[0]->matrix(), actual[0].data()},
                   {&placed[1]->matrix(), actual[1].data()},
                   {&placed[2]->matrix(), actual[2].data()}},
                  0, kNone);
  for (int i = 0; i < 3; ++i) {
    expect_same(actual[i], expected[i],
                "product " + std::to_string(i) + " of three, " + tensor_type_name(types[i]));
  }
}

void walk_zero_columns(TensorType type, cudaStream_t stream) {
  const PackedMatrix nothing = {type, nullptr, 20, 0};
  compare(nothing, {3, 0, {}}, stream, {kNone});
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  in_all_fiber_orders([stream] {
    for (const TensorType type : kAllTypes) {
      walk_sizes(type, stream);
      walk_extremes(type, stream);
      walk_strange_rows(type, stream);
      walk_zero_columns(type, stream);
    }
    for (const int64_t num_rows : {5, 20, 64, 70}) {
      walk_groups({TensorType::kQ4_0, TensorType::kQ4_0, TensorType::kQ4_0}, num_rows, stream);
      walk_groups({TensorType::kQ4_K, TensorType::kQ6_K, TensorType::kQ4_K}, num_rows, stream);
      walk_groups({TensorType::kQ8_0, TensorType::kQ4_K, TensorType::kQ5_0}, num_rows, stream);
      walk_groups({TensorType::kF16, TensorType::kBF16, TensorType::kF16}, num_rows, stream);
    }
  });
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
