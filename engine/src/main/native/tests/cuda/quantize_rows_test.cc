// Compares rows that a device quantizes with those of the reference kernels, element by element.
#include "cuda/kernels/quantize_rows.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cpu/kernel_dispatch.h"
#include "tests/cuda/fiber_orders.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

const std::byte* record_of(const std::byte* records, TileRecord record, int64_t columns,
                           int64_t row, int64_t column) {
  const int64_t index = row / kTileRows * record_count(record, columns) + column / record.columns;
  return records + index * record.bytes;
}

int8_t code_at(const std::byte* codes, int64_t row, int64_t column) {
  const int64_t word = column % 32 / 16;
  const int64_t lane = column % 16 / 4;
  return static_cast<int8_t>(
      codes[column / 32 * 256 + row % 8 * 32 + lane * 8 + word * 4 + column % 4]);
}

float float_at(const std::byte* floats, int64_t index) {
  float value;
  std::memcpy(&value, floats + index * 4, sizeof value);
  return value;
}

struct Sample {
  int64_t num_rows;
  int64_t columns;
  std::vector<float> values;
};

void check_block32(const Sample& sample, const QuantizedRows& rows, const std::string& what) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const OwnedActivations expected =
      prepare(reference, TensorType::kQ8_0, sample.values, sample.num_rows, sample.columns, 1);
  const int64_t blocks = sample.columns / 32;
  const TileRecord record = kTileRecord32;
  std::vector<float> scales, sums, codes, expected_codes, expected_sums;
  for (int64_t row = 0; row < sample.num_rows; ++row) {
    for (int64_t b = 0; b < (blocks + 1) / 2 * 2; ++b) {
      const std::byte* at = record_of(rows.records32, record, sample.columns, row, b * 32);
      const std::byte* sums_at =
          rows.sums32 + (at - rows.records32) / record.bytes * record.sum_bytes;
      const int64_t element = b % 2 * 8 + row % 8;
      const float scale = float_at(at + record.scales_at, element);
      const float sum = float_at(sums_at, element);
      if (b == blocks) {  // fills the record up
        EXPECT_EQUAL(scale, 0.0f);
        EXPECT_EQUAL(sum, 0.0f);
      } else {
        scales.push_back(scale);
        sums.push_back(sum);
        expected_sums.push_back(static_cast<float>(expected.sums[row * blocks + b]));
      }
      for (int64_t k = b * 32; k < b * 32 + 32; ++k) {
        codes.push_back(code_at(at, row, k % 64));
        expected_codes.push_back(
            b == blocks ? 0 : expected.codes[row * tile_row_bytes(sample.columns) + k]);
      }
    }
  }
  expect_same(scales, expected.scales, what + ", scales of 32");
  expect_same(sums, expected_sums, what + ", sums of 32");
  expect_same(codes, expected_codes, what + ", codes of 32");
}

void check_block256(const Sample& sample, const QuantizedRows& rows, const std::string& what) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const OwnedActivations expected =
      prepare(reference, TensorType::kQ6_K, sample.values, sample.num_rows, sample.columns, 1);
  const TileRecord record = kTileRecord256;
  std::vector<float> scales, sums, codes, expected_codes, expected_sums;
  for (int64_t row = 0; row < sample.num_rows; ++row) {
    for (int64_t k = 0; k < sample.columns; ++k) {
      const std::byte* at = record_of(rows.records256, record, sample.columns, row, k);
      codes.push_back(code_at(at, row, k % 256));
      expected_codes.push_back(expected.codes[row * sample.columns + k]);
      if (k % 256 == 0) scales.push_back(float_at(at + record.scales_at, row % 8));
      if (k % 16 == 0) {
        const int64_t sub = k % 256 / 16;
        const std::byte* sums_at = rows.sums256 +
                                   (at - rows.records256) / record.bytes * record.sum_bytes +
                                   row % 8 * 32 + sub / 4 * 8 + sub % 4;
        sums.push_back(static_cast<int8_t>(sums_at[0]) + 128 * static_cast<int8_t>(sums_at[4]));
        expected_sums.push_back(
            static_cast<float>(expected.sums[row * (sample.columns / 16) + k / 16]));
      }
    }
  }
  expect_same(scales, expected.scales, what + ", scales of 256");
  expect_same(sums, expected_sums, what + ", sums of 16");
  expect_same(codes, expected_codes, what + ", codes of 256");
}

// Rows of all magnitudes; some blocks hold what no number is, or nothing but zeros.
Sample sample_of(int64_t num_rows, int64_t columns, Random& random) {
  Sample sample = {num_rows, columns, random.gaussians(num_rows * columns)};
  for (int64_t at = 0; at < num_rows * columns; at += 32) {
    const float scale = std::ldexp(1.0f, static_cast<int>(random.bits() % 240) - 120);
    for (int64_t i = at; i < at + 32; ++i) sample.values[i] *= scale;
  }
  const float strange[] = {
      std::numeric_limits<float>::quiet_NaN(),  std::numeric_limits<float>::infinity(),
      -std::numeric_limits<float>::infinity(),  std::numeric_limits<float>::max(),
      std::numeric_limits<float>::denorm_min(), 0x1p-100f};
  size_t next = 0;
  for (int64_t row = 0; row < num_rows; row += 3) {
    sample.values[row * columns + random.bits() % columns] = strange[next++ % 6];
  }
  for (int64_t i = 0; i < columns; ++i) {
    if (num_rows > 1) sample.values[columns + i] = i % 2 == 0 ? 1.0f : -1.0f;
    if (num_rows > 2) sample.values[2 * columns + i] = 5.0f;
    if (num_rows > 5) sample.values[5 * columns + i] = -0.0f;
  }
  return sample;
}

void compare(const Sample& sample, FormatSet formats, cudaStream_t stream) {
  const int64_t bytes = quantized_rows_bytes(sample.num_rows, sample.columns);
  std::vector<std::byte> memory(bytes + 64 + 64, std::byte{0x55});
  void* start = memory.data();
  size_t space = memory.size() - 64;
  std::align(64, bytes, start, space);
  const QuantizedRows out = quantized_rows(start, sample.num_rows, sample.columns);
  const int64_t floats = sample.num_rows * sample.columns;
  AlignedArray<float> rows(floats);
  std::memcpy(rows.data(), sample.values.data(), floats * sizeof(float));
  const auto num_rows = static_cast<int32_t>(sample.num_rows);
  launch_quantize_rows({stream, &num_rows, num_rows + 3, 4}, rows.data(), sample.columns, formats,
                       out);
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  const std::string what =
      std::to_string(sample.num_rows) + " rows of " + std::to_string(sample.columns);
  if (formats.block32) check_block32(sample, out, what);
  if (formats.block256) check_block256(sample, out, what);
  for (const std::byte* end = static_cast<std::byte*>(start) + bytes;
       end < memory.data() + memory.size(); ++end) {
    EXPECT(*end == std::byte{0x55});
  }
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  in_all_fiber_orders([stream] {
    Random random(11);
    for (const int64_t columns : {32, 64, 96, 160, 256, 512, 544, 1024, 1280}) {
      for (const int64_t num_rows : {1, 2, 8, 9, 17}) {
        const bool whole = columns % 256 == 0;
        compare(sample_of(num_rows, columns, random), {true, whole}, stream);
        if (whole) compare(sample_of(num_rows, columns, random), {false, true}, stream);
      }
    }
  });
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
