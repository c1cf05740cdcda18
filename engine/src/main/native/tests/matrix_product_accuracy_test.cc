// Compares the reference's matrix products with float64, within bounds derived from the roundings.
#include <cstdio>

#include "cpu/kernel_dispatch.h"
#include "cpu/kernels/reference/weight_block.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr double kRounding = 0x1p-24;  // largest relative error of one float32 rounding
constexpr int64_t kRows = 24;
constexpr int64_t kColumns = 1024;
constexpr int64_t kActivationRows = 16;

// A weight in float64, and the magnitude of what is added up to give it.
struct ExactWeight {
  double value;
  double magnitude;
};

// One row; the integer parts come from the reference's unpacking, which dequantize_test.cc checks
// against another implementation.
std::vector<ExactWeight> exact_row(const PackedMatrix& weights, int64_t row) {
  std::vector<ExactWeight> out;
  const int64_t block = block_columns(weights.type);
  if (block == 1) {
    std::vector<float> values(static_cast<size_t>(weights.columns));
    kernel_table(InstructionSet::kReference)->dequantize_row(weights, row, values.data());
    for (const float v : values) out.push_back({v, std::fabs(static_cast<double>(v))});
  }
  for (int64_t k = 0; block > 1 && k < weights.columns; k += block) {
    for (int64_t i = 0; i < block; ++i) {
      const size_t e = static_cast<size_t>(i);
      double product = 0;
      double minimum = 0;
      if (block == 32) {
        const reference::WeightBlock32 b = reference::unpack_block32(weights, row, k / 32);
        product = static_cast<double>(b.scale) * b.codes[e];
        minimum = static_cast<double>(b.minimum);
      } else {
        const reference::WeightBlock256 b = reference::unpack_block256(weights, row, k / 256);
        product = static_cast<double>(b.scale) * b.sub_scales[e / 16] * b.codes[e];
        minimum = -static_cast<double>(b.minimum) * b.sub_minimums[e / 16];
      }
      out.push_back({product + minimum, std::fabs(product) + std::fabs(minimum)});
    }
  }
  return out;
}

// What the product reads of activation element i: itself, or code * scale.
double read_activation(const OwnedActivations& x, size_t i) {
  if (x.codes.empty()) return static_cast<double>(x.values[i]);
  const size_t block = x.values.size() / x.scales.size();
  return static_cast<double>(x.scales[i / block]) * x.codes[i];
}

// Activations of a model have outliers: one in 512 is drawn from 20 standard deviations.
std::vector<float> with_outliers(std::vector<float> values, Random& random) {
  for (float& value : values) {
    if (random.bits() % 512 == 0) value *= 20.0f;
  }
  return values;
}

// Returns the normalized mean square error against float64.
double compare(TensorType type, const std::vector<float>& values, Random& random) {
  const KernelTable& table = *kernel_table(InstructionSet::kReference);
  const std::vector<std::byte> data = random_weights(type, kRows * kColumns, true, random);
  const PackedWeights packed(type, data.data(), kRows, kColumns);
  const PackedMatrix& weights = packed.matrix();
  const OwnedActivations x = prepare(table, type, values, kColumns);
  std::vector<float> y(kActivationRows * kRows);
  multiply(table, weights, 0, kRows, x, y, kRows);

  // Per block two steps of a chain, each with at most: the conversion of an integer, the product of
  // scales, and the chain's own rounding. Float types: one step per column.
  const int64_t block = block_columns(type);
  const double steps = block == 1 ? kColumns : 2.0 * (kColumns / block) + 3;
  double error = 0;
  double power = 0;
  double worst = 0;
  for (int64_t r = 0; r < kRows; ++r) {
    const std::vector<ExactWeight> row = exact_row(weights, r);
    for (int64_t t = 0; t < kActivationRows; ++t) {
      double read = 0;
      double magnitude = 0;
      double original = 0;
      for (int64_t k = 0; k < kColumns; ++k) {
        const size_t i = static_cast<size_t>(t * kColumns + k);
        const ExactWeight& w = row[static_cast<size_t>(k)];
        read += w.value * read_activation(x, i);
        magnitude += w.magnitude * std::fabs(read_activation(x, i));
        original += w.value * static_cast<double>(x.values[i]);
      }
      const double actual = static_cast<double>(y[static_cast<size_t>(t * kRows + r)]);
      EXPECT(std::fabs(actual - read) <= steps * kRounding * magnitude);
      worst = std::fmax(worst, std::fabs(actual - read) / (kRounding * magnitude));
      error += (actual - original) * (actual - original);
      power += original * original;
    }
  }
  std::printf("%-7s worst error %.2f roundings of %.0f, ", tensor_type_name(type), worst, steps);
  return error / power;
}

}  // namespace

int main() {
  Random random(17);
  for (const TensorType type : kAllTypes) {
    const std::vector<float> values = random.gaussians(kActivationRows * kColumns);
    const double error = compare(type, values, random);
    std::printf("NMSE against float64 %.1e\n", error);
    // A step is amax / 127, so the error's variance is (amax / 127)^2 / 12 of each activation; amax
    // of 256 standard normals is below 4.5 in all but one of 500 blocks: 1.05e-4, on average 4e-5.
    EXPECT(error <= 1e-4);
    const double with = compare(type, with_outliers(values, random), random);
    std::printf("NMSE with outliers of 20 standard deviations %.1e\n", with);
  }
  return result();
}
