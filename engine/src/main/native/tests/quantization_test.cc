// Compares encoded blocks with llama.cpp's, bit by bit, for every instruction set, and the widening
// of all types with vectors of the `gguf` package.
//
// scripts/quantization_vectors.py and scripts/dequantization_vectors.py make the vectors.
#include "quantization/quantization.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/half.h"
#include "quantization/float16_encoding.h"
#include "quantization/widening.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

std::vector<char> read_resource(const std::string& name) {
  const std::filesystem::path native =
      std::filesystem::absolute(__FILE__).parent_path().parent_path();
  const std::filesystem::path file =
      native.parent_path().parent_path() / "test/resources/io/sparkllama/engine" / name;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    ++failures;
  }
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

const std::byte* bytes_of(const void* data) { return static_cast<const std::byte*>(data); }

void compare_encoded(const KernelTable& table, TensorType type, const std::vector<char>& values) {
  const int64_t count = static_cast<int64_t>(values.size() / sizeof(float));
  const std::vector<char> expected =
      read_resource("quantization/" + std::string(tensor_type_name(type)) + ".bin");
  std::vector<char> actual(static_cast<size_t>(row_bytes(type, count)));
  EXPECT_EQUAL(actual.size(), expected.size());
  if (actual.size() != expected.size()) return;
  quantize_elements(table, TensorType::kF32, bytes_of(values.data()), type,
                    reinterpret_cast<std::byte*>(actual.data()), count);
  const size_t block = static_cast<size_t>(block_bytes(type));
  for (size_t at = 0; at < actual.size(); at += block) {
    if (std::memcmp(&actual[at], &expected[at], block) != 0) {
      std::fprintf(stderr, "%s %s: block %zu differs\n", table.name, tensor_type_name(type),
                   at / block);
      ++failures;
    }
  }
}

void compare_widened(TensorType type) {
  const std::vector<char> bytes =
      read_resource("gguf/" + std::string(tensor_type_name(type)) + ".bin");
  uint32_t count = 0;
  if (bytes.size() <= sizeof(count)) return;
  std::memcpy(&count, bytes.data(), sizeof(count));
  std::vector<float> expected(count);
  std::memcpy(expected.data(), bytes.data() + sizeof(count) + row_bytes(type, count),
              count * sizeof(float));
  std::vector<float> actual(count);
  widen_blocks(type, bytes_of(bytes.data() + sizeof(count)), count, actual.data());
  expect_same(actual, expected, std::string("widened ") + tensor_type_name(type));
}

// Random sub-blocks of every size, among them flat ones, zeros and extremes.
void compare_searches(const KernelTable& table, const KernelTable& reference) {
  Random random(7);
  for (int turn = 0; turn < 200; ++turn) {
    std::vector<float> values = random.gaussians(32 * kSearchedSubBlocks, 0.05f);
    std::vector<float> weights(values.size());
    for (int s = 0; s < kSearchedSubBlocks; ++s) {
      const uint64_t kind = random.bits() % 8;
      for (int i = 0; i < 32; ++i) {
        float& value = values[static_cast<size_t>(i * kSearchedSubBlocks + s)];
        if (kind == 0) value = 0.0f;
        if (kind == 1) value = 0.5f;
        if (kind == 2) value = -0.5f;
        if (kind == 3) value = std::fabs(value);
        if (kind == 4) value *= 1e-38f;
        if (kind == 5) value *= 1e30f;
      }
    }
    for (size_t i = 0; i < values.size(); ++i) weights[i] = 0.01f + std::fabs(values[i]);
    for (const AffineSearch& search :
         {AffineSearch{16, 3.0f, -0.5f, 15, FitError::kMagnitude, values.data(), weights.data()},
          AffineSearch{32, 15.0f, -1.0f, 20, FitError::kSquare, values.data(), weights.data()}}) {
      std::vector<float> actual(4 * kSearchedSubBlocks);
      std::vector<float> expected(actual.size());
      static_assert(sizeof(AffineFits) == 4 * kSearchedSubBlocks * sizeof(float));
      AffineFits fits;
      table.fit_affine(search, fits);
      std::memcpy(actual.data(), &fits, sizeof(fits));
      reference.fit_affine(search, fits);
      std::memcpy(expected.data(), &fits, sizeof(fits));
      expect_same(actual, expected, std::string(table.name) + " fit_affine");
    }
    std::vector<float> actual(2 * kSearchedSubBlocks);
    std::vector<float> expected(actual.size());
    static_assert(sizeof(SymmetricFits) == 2 * kSearchedSubBlocks * sizeof(float));
    SymmetricFits fits;
    table.fit_symmetric(values.data(), fits);
    std::memcpy(actual.data(), &fits, sizeof(fits));
    reference.fit_symmetric(values.data(), fits);
    std::memcpy(expected.data(), &fits, sizeof(fits));
    expect_same(actual, expected, std::string(table.name) + " fit_symmetric");
  }
}

void every_half_is_widened_as_by_the_plain_function() {
  std::vector<uint16_t> halves(1 << 16);
  std::vector<float> expected(halves.size());
  for (size_t i = 0; i < halves.size(); ++i) {
    halves[i] = static_cast<uint16_t>(i);
    expected[i] = half_to_float(halves[i]);
  }
  std::vector<float> actual(halves.size());
  widen_blocks(TensorType::kF16, bytes_of(halves.data()), 1 << 16, actual.data());
  expect_same(actual, expected, "halves");
}

QuantizationLoss loss_of(TensorType type, const std::vector<float>& values) {
  std::vector<std::byte> out(static_cast<size_t>(row_bytes(type, values.size())));
  return quantize_elements(*kernel_table(InstructionSet::kAuto), TensorType::kF32,
                           bytes_of(values.data()), type, out.data(),
                           static_cast<int64_t>(values.size()));
}

void the_loss_says_what_cannot_be_stored() {
  for (const TensorType type : kAllTypes) {
    if (!is_quantization_target(type)) continue;
    std::vector<float> values(512, 0.5f);
    EXPECT(std::isfinite(loss_of(type, values).squared_errors));
    EXPECT_EQUAL(loss_of(type, values).squares, 128.0);
    values[300] = std::numeric_limits<float>::quiet_NaN();
    EXPECT(!std::isfinite(loss_of(type, values).squares));
    values[300] = -std::numeric_limits<float>::infinity();
    EXPECT(!std::isfinite(loss_of(type, values).squares));
    if (type == TensorType::kF32 || type == TensorType::kBF16) continue;
    for (const float large : {3e38f, 1e20f, 1e10f}) {
      values.assign(512, large);
      values[7] = -large;
      EXPECT(std::isfinite(loss_of(type, values).squares));
      const double lost = loss_of(type, values).squared_errors;
      if (std::isfinite(lost)) {
        std::fprintf(stderr, "%s cannot hold %g, but lost %g\n", tensor_type_name(type),
                     static_cast<double>(large), lost);
        ++failures;
      }
    }
  }
  const std::vector<float> half = {1.0f, 1.0f + 0x1p-12f};
  const QuantizationLoss loss = loss_of(TensorType::kF16, half);
  EXPECT_EQUAL(loss.squared_errors, 0x1p-24);
}

// Subnormal elements, whose scales' inverses are infinite, are stored as zeros.
void the_smallest_elements_become_zeros() {
  for (const TensorType type : kAllTypes) {
    if (!is_quantization_target(type) || block_columns(type) == 1) continue;
    std::vector<float> values(256);
    for (size_t i = 0; i < values.size(); ++i) values[i] = (i % 3 == 0 ? -1e-44f : 1e-44f);
    std::vector<std::byte> out(static_cast<size_t>(row_bytes(type, 256)));
    quantize_elements(*kernel_table(InstructionSet::kAuto), TensorType::kF32,
                      bytes_of(values.data()), type, out.data(), 256);
    std::vector<float> stored(256);
    widen_blocks(type, out.data(), 256, stored.data());
    for (const float value : stored) EXPECT_EQUAL(value, 0.0f);
  }
}

void the_same_type_is_copied() {
  Random random(3);
  for (const TensorType type : kAllTypes) {
    const std::vector<std::byte> source = random_weights(type, 8192, true, random);
    std::vector<std::byte> out(source.size());
    const QuantizationLoss loss = quantize_elements(*kernel_table(InstructionSet::kAuto), type,
                                                    source.data(), type, out.data(), 8192);
    EXPECT(out == source);
    EXPECT_EQUAL(loss.squared_errors, 0.0);
    EXPECT(loss.squares > 0.0);
  }
}

}  // namespace

int main() {
  const std::vector<char> values = read_resource("quantization/values.bin");
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    for (const TensorType type : kAllTypes) {
      if (is_quantization_target(type) && type != TensorType::kF32) {
        compare_encoded(*table, type, values);
      }
    }
    compare_searches(*table, *kernel_table(InstructionSet::kReference));
  }
  for (const TensorType type : kAllTypes) compare_widened(type);
  every_half_is_widened_as_by_the_plain_function();
  the_loss_says_what_cannot_be_stored();
  the_smallest_elements_become_zeros();
  the_same_type_is_copied();
  return result();
}
