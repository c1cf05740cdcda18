// Compares buffers of floats bit by bit, and prepares activations, for the tests of kernels.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

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
  int64_t columns;

  Activations view() const {
    return {values.data(), codes.data(), scales.data(), sums.data(), sums32.data(), columns};
  }
};

// Quantizes [num_rows, columns] by a table, in the format that the weight type reads.
inline OwnedActivations prepare(const KernelTable& table, TensorType type,
                                const std::vector<float>& values, int64_t columns) {
  OwnedActivations out = {values, {}, {}, {}, {}, columns};
  const ActivationFormat format = activation_format(type);
  if (format == ActivationFormat::kFloat32 || columns == 0) return out;
  const int64_t block = format == ActivationFormat::kInt8Block32 ? 32 : 256;
  const int64_t sum_block = format == ActivationFormat::kInt8Block32 ? 32 : 16;
  out.codes.resize(values.size());
  out.scales.resize(values.size() / static_cast<size_t>(block));
  out.sums.resize(values.size() / static_cast<size_t>(sum_block));
  if (block == 256) out.sums32.resize(values.size() / 32);
  for (int64_t at = 0; at < static_cast<int64_t>(values.size()); at += columns) {
    const float* x = values.data() + at;
    int8_t* codes = out.codes.data() + at;
    float* scales = out.scales.data() + at / block;
    int32_t* sums = out.sums.data() + at / sum_block;
    if (block == 32) {
      table.quantize_block32(x, columns, codes, scales, sums);
    } else {
      table.quantize_block256(x, columns, codes, scales, sums, out.sums32.data() + at / 32);
    }
  }
  return out;
}

}  // namespace sparkllama::testing
