// Walks quantization, normalization, RoPE, gates, additions, scaling, soft caps and dequantization
// of every table against the reference, bit by bit, and the reference against float64.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "base/math.h"
#include "cpu/kernel_dispatch.h"
#include "cpu/kernels/reference/activation_row.h"
#include "tests/instruction_sets.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

std::string named(const KernelTable& table, const char* operation, int64_t size) {
  return std::string(table.name) + " " + operation + " " + std::to_string(size);
}

// Any bits whatever: a NaN or an infinity in every few hundred.
std::vector<float> any_floats(int64_t count, Random& random) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = static_cast<uint32_t>(random.bits());
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    values.push_back(value);
  }
  return values;
}

void check_quantize(const KernelTable& table, TensorType type, const std::vector<float>& x) {
  const int64_t columns = static_cast<int64_t>(x.size());
  const OwnedActivations expected = prepare(reference(), type, x, columns);
  const OwnedActivations actual = prepare(table, type, x, columns);
  EXPECT(actual.codes == expected.codes);
  EXPECT(actual.sums == expected.sums);
  EXPECT(actual.sums32 == expected.sums32);
  EXPECT(actual.loud == expected.loud);
  expect_same(actual.scales, expected.scales, named(table, "quantize", columns));
  // The contract, anew in float64: a code is within half a step and rounding of x / scale.
  const size_t block = static_cast<size_t>(block_columns(type));
  for (size_t i = 0; i < x.size(); ++i) {
    const float scale = actual.scales[i / block];
    const int code = actual.codes[i];
    EXPECT(code >= -127 && code <= 127);
    if (std::isnan(scale) || scale == 0.0f) {
      EXPECT_EQUAL(code, 0);
    } else {
      const double steps = static_cast<double>(x[i]) / static_cast<double>(scale);
      EXPECT(std::fabs(steps - code) <= 0.5 + 127 * 4 * 0x1p-24);
    }
  }
  const size_t sum_block = block == 32 ? 32 : 16;
  for (size_t i = 0; i < x.size(); i += sum_block) {
    int32_t sum = 0;
    for (size_t j = 0; j < sum_block; ++j) sum += actual.codes[i + j];
    EXPECT_EQUAL(actual.sums[i / sum_block], sum);
  }
  for (size_t b = 0; b < actual.loud.size(); ++b) {
    int most = 0;
    for (size_t i = 256 * b; i < 256 * (b + 1); i += 16) {
      int magnitude = 0;
      for (size_t j = i; j < i + 16; ++j) magnitude += std::abs(actual.codes[j]);
      most = std::max(most, magnitude);
    }
    EXPECT_EQUAL(static_cast<int>(actual.loud[b]), most > 1023 ? 1 : 0);
  }
}

// Rows in tiles are the same rows.
void check_tiles(const KernelTable& table, TensorType type, int64_t num_rows, Random& random) {
  const int64_t block = block_columns(type);
  const int64_t sum_block = block == 32 ? 32 : 16;
  const int64_t columns = 3 * block;
  std::vector<float> x = random.gaussians(num_rows * columns);
  const int64_t loud = num_rows / 2;
  std::fill(x.begin() + loud * columns + block, x.begin() + loud * columns + 2 * block, 1.0f);
  const OwnedActivations tiles = prepare(table, type, x, num_rows, columns, 4);
  const Activations view = tiles.view();
  for (int64_t t = 0; t < num_rows; ++t) {
    const std::vector<float> one(x.begin() + t * columns, x.begin() + (t + 1) * columns);
    const OwnedActivations alone = prepare(reference(), type, one, columns);
    const reference::ActivationRow row(view, t, block, sum_block);
    for (int64_t k = 0; k < columns; ++k) {
      EXPECT_EQUAL(*row.codes(k), alone.codes[static_cast<size_t>(k)]);
    }
    for (int64_t b = 0; b < columns / block; ++b) {
      EXPECT(same_bits(row.scale(b), alone.scales[static_cast<size_t>(b)]));
    }
    for (int64_t s = 0; s < columns / sum_block; ++s) {
      EXPECT_EQUAL(row.sum(s), alone.sums[static_cast<size_t>(s)]);
    }
    if (block == 32) continue;
    const ActivationTile tile = view.tiles.tile_of(t);
    const int64_t index = t - tile.first_row;
    for (int64_t s = 0; s < columns / 32; ++s) {
      const int64_t at =
          tile.first_row * (columns / 32) + (s / 2 * tile.num_rows + index) * 2 + s % 2;
      EXPECT_EQUAL(view.sums32[at], alone.sums32[static_cast<size_t>(s)]);
    }
    for (int64_t b = 0; b < 3; ++b) {
      const int64_t at = tile.first_row * 3 + b * tile.num_rows + index;
      EXPECT_EQUAL(static_cast<int>(view.loud[at]),
                   static_cast<int>(alone.loud[static_cast<size_t>(b)]));
    }
  }
}

void walk_quantize(const KernelTable& table, Random& random) {
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ6_K}) {
    const int64_t block = block_columns(type);
    for (const int64_t blocks : {1, 2, 3, 7}) {
      for (const float scale : {1.0f, 1e-30f, 1e-31f, 1e-40f, 1e30f, 3e37f}) {
        check_quantize(table, type, random.gaussians(blocks * block, scale));
      }
      check_quantize(table, type, any_floats(blocks * block, random));
    }
    for (const int64_t num_rows : {1, 3, 4, 7, 13}) check_tiles(table, type, num_rows, random);
    check_quantize(table, type, std::vector<float>(static_cast<size_t>(block), 1.0f));  // loud
    // Blocks of a largest magnitude below 2^-100 count as zero.
    for (const float least : {0x1p-100f, std::nextafter(0x1p-100f, 0.0f)}) {
      const std::vector<float> x(static_cast<size_t>(block), least);
      check_quantize(table, type, x);
      EXPECT_EQUAL(prepare(table, type, x, block).scales[0] != 0.0f, least == 0x1p-100f);
    }
    check_quantize(table, type, std::vector<float>(static_cast<size_t>(block), 0.0f));
    check_quantize(table, type, std::vector<float>(static_cast<size_t>(block), -0.0f));
    // Ties: 127 steps, so that x / scale is exactly half way.
    std::vector<float> ties(static_cast<size_t>(block), 2.5f);
    ties[0] = 127.0f;
    ties[1] = -3.5f;
    check_quantize(table, type, ties);
    const float inf = std::numeric_limits<float>::infinity();
    for (const float special : {inf, -inf, std::nanf("")}) {
      for (const int64_t where : {0, 1, 2}) {
        std::vector<float> other = random.gaussians(3 * block);
        other[static_cast<size_t>(where * block + 3)] = special;
        check_quantize(table, type, other);
      }
      std::vector<float> x = random.gaussians(2 * block);
      x[3] = special;
      EXPECT(std::isnan(prepare(table, type, x, 2 * block).scales[0]));
      EXPECT(!std::isnan(prepare(table, type, x, 2 * block).scales[1]));
    }
  }
}

void walk_rms_norm(const KernelTable& table, Random& random) {
  for (const int64_t columns : {1, 7, 8, 9, 15, 16, 17, 31, 33, 64, 172, 2048}) {
    const std::vector<float> x = random.gaussians(columns);
    const std::vector<float> weight = random.gaussians(columns);
    std::vector<float> expected(x.size());
    std::vector<float> actual = x;
    reference().rms_norm(x.data(), weight.data(), 1e-5f, columns, expected.data());
    table.rms_norm(actual.data(), weight.data(), 1e-5f, columns, actual.data());
    expect_same(actual, expected, named(table, "rms_norm", columns));
    double sum = 0;
    for (const float v : x) sum += static_cast<double>(v) * static_cast<double>(v);
    const double factor =
        1.0 / std::sqrt(sum / static_cast<double>(columns) + static_cast<double>(1e-5f));
    // Chains of columns / 16 roundings, the tree's 4, and 6 after it.
    const double bound = (static_cast<double>(columns) / 16 + 10) * 0x1p-24;
    for (size_t i = 0; i < x.size(); ++i) {
      const double exact = static_cast<double>(x[i]) * factor * static_cast<double>(weight[i]);
      EXPECT(std::fabs(static_cast<double>(actual[i]) - exact) <= bound * std::fabs(exact));
    }
  }
}

void walk_layer_norm(const KernelTable& table, Random& random) {
  for (const int64_t columns : {1, 7, 8, 9, 15, 16, 17, 24, 25, 31, 33, 64, 172, 2048}) {
    const auto n = static_cast<double>(columns);
    std::vector<float> x = random.gaussians(columns);
    for (float& v : x) v += 3.0f;
    const std::vector<float> weight = random.gaussians(columns);
    const std::vector<float> bias = random.gaussians(columns);
    std::vector<float> expected(x.size());
    std::vector<float> actual = x;
    reference().layer_norm(x.data(), weight.data(), bias.data(), 1e-5f, columns, expected.data());
    table.layer_norm(actual.data(), weight.data(), bias.data(), 1e-5f, columns, actual.data());
    expect_same(actual, expected, named(table, "layer_norm", columns));
    double sum = 0;
    double magnitudes = 0;
    for (const float v : x) sum += double{v};
    for (const float v : x) magnitudes += std::fabs(double{v});
    double squares = 0;
    for (const float v : x) squares += (double{v} - sum / n) * (double{v} - sum / n);
    const double factor = 1.0 / std::sqrt(squares / n + double{1e-5f});
    // The mean: chains of columns / 16 roundings, the tree's 4 and a division. The squares alike,
    // and 8 roundings beside them; what the mean is off adds to each element's distance.
    const double chain = (n / 16 + 5) * 0x1p-24;
    const double mean_error = chain * magnitudes / n;
    for (size_t i = 0; i < x.size(); ++i) {
      const double distance = double{x[i]} - sum / n;
      const double exact = distance * factor * double{weight[i]} + double{bias[i]};
      const double distance_error =
          mean_error + (std::fabs(distance) + mean_error) * (chain + 8 * 0x1p-24);
      const double bound = distance_error * factor * std::fabs(double{weight[i]}) +
                           0x1p-24 * std::fabs(exact) + 0x1p-149;
      EXPECT(std::fabs(double{actual[i]} - exact) <= bound);
    }
  }
}

void walk_rope(const KernelTable& table, Random& random) {
  for (const int64_t head_dim : {2, 8, 10, 18, 34, 64, 80, 128}) {
    for (const int64_t rope_dim : {head_dim, head_dim / 4 * 2}) {
      std::vector<RopePair> pairs;
      for (int64_t j = 0; j < rope_dim / 2; ++j) {
        const double angle = random.between(-10, 10);
        pairs.push_back({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))});
      }
      const std::vector<float> x = random.gaussians(3 * head_dim);
      for (const bool adjacent : {true, false}) {
        std::vector<float> expected = x;
        std::vector<float> actual = x;
        (adjacent ? reference().rope_adjacent : reference().rope_halves)(
            expected.data(), 3, head_dim, rope_dim, pairs.data());
        (adjacent ? table.rope_adjacent : table.rope_halves)(actual.data(), 3, head_dim, rope_dim,
                                                             pairs.data());
        expect_same(actual, expected, named(table, "rope", head_dim));
        for (size_t i = 0; i < x.size(); ++i) {
          const int64_t d = static_cast<int64_t>(i) % head_dim;
          if (d >= rope_dim) {
            EXPECT_EQUAL(actual[i], x[i]);
            continue;
          }
          const bool second = adjacent ? d % 2 == 1 : d >= rope_dim / 2;
          const int64_t j = adjacent ? d / 2 : d % (rope_dim / 2);
          const int64_t distance = adjacent ? 1 : rope_dim / 2;
          const double cosine = static_cast<double>(pairs[static_cast<size_t>(j)].cosine);
          const double sine = static_cast<double>(pairs[static_cast<size_t>(j)].sine);
          const double own = static_cast<double>(x[i]);
          const double mate = static_cast<double>(
              x[static_cast<size_t>(static_cast<int64_t>(i) + (second ? -distance : distance))]);
          const double exact = second ? mate * sine + own * cosine : own * cosine - mate * sine;
          const double bound = 0x1p-23 * (std::fabs(own * cosine) + std::fabs(mate * sine));
          EXPECT(std::fabs(static_cast<double>(actual[i]) - exact) <= bound);
        }
      }
    }
  }
}

// GELU with a gate, tanh form: e, the exponent, carries 4 roundings; its exponential one unit, and
// weighs as much as it has part in 1 + exponential; then an addition, a division and a product.
void check_geglu(float v, float up, float actual) {
  const double x = double{v};
  const double inner = std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x);
  const double exact = x / (1 + std::exp(-2 * inner));
  EXPECT(std::fabs(0.5 * x * (1 + std::tanh(inner)) - exact) <= 1e-14 * std::fabs(x));
  const double part = 1 / (1 + std::exp(2 * inner));
  const double bound = (part * (8 * std::fabs(inner) + 2) + 4) * 0x1p-24;
  const double product = exact * double{up};
  EXPECT(std::fabs(double{actual} - product) <=
         bound * std::fabs(product) + 0x1p-126 * std::fabs(double{up}) + 0x1p-149);
}

// GELU, exact form: the error of normal_probability and a product.
void check_gelu(float v, float actual) {
  const double x = double{v};
  const double exact = x * 0.5 * std::erfc(-x / std::sqrt(2.0));
  const double bound = x < 0 ? x * x / 2 + 16 : 17;
  EXPECT(std::fabs(double{actual} - exact) <= bound * 0x1p-24 * std::fabs(exact) + 0x1p-124);
}

void walk_gelu(const KernelTable& table, Random& random) {
  for (const int64_t columns : {0, 1, 7, 8, 9, 15, 17, 25, 64, 100, 1000}) {
    for (const bool any : {false, true}) {
      const std::vector<float> x =
          any ? any_floats(columns, random) : random.gaussians(columns, 4.0f);
      const std::vector<float> up = any ? any_floats(columns, random) : random.gaussians(columns);
      std::vector<float> expected = x;
      std::vector<float> actual = x;
      reference().geglu(expected.data(), up.data(), columns);
      table.geglu(actual.data(), up.data(), columns);
      expect_same(actual, expected, named(table, "geglu", columns));
      for (size_t i = 0; i < x.size() && !any; ++i) check_geglu(x[i], up[i], actual[i]);
      expected = x;
      actual = x;
      reference().gelu(expected.data(), columns);
      table.gelu(actual.data(), columns);
      expect_same(actual, expected, named(table, "gelu", columns));
      for (size_t i = 0; i < x.size() && !any; ++i) check_gelu(x[i], actual[i]);
    }
  }
}

void walk_scale_and_cap(const KernelTable& table, Random& random) {
  for (const int64_t columns : {0, 1, 7, 8, 9, 15, 17, 25, 100}) {
    for (const float cap : {1.0f, 30.0f, 50.0f, 0x1p-100f, 1e38f}) {
      for (const bool any : {false, true}) {
        const std::vector<float> x =
            any ? any_floats(columns, random) : random.gaussians(columns, 2 * cap);
        std::vector<float> expected = x;
        std::vector<float> actual = x;
        reference().soft_cap(expected.data(), cap, columns);
        table.soft_cap(actual.data(), cap, columns);
        expect_same(actual, expected, named(table, "soft_cap", columns));
        for (size_t i = 0; i < x.size() && !any && std::isfinite(x[i]); ++i) {
          const double exact = double{cap} * std::tanh(double{x[i]} / double{cap});
          // A division, 3 units of the tangent, a product.
          EXPECT(std::fabs(double{actual[i]} - exact) <= 8 * 0x1p-24 * std::fabs(exact));
        }
        actual = x;
        table.scale(actual.data(), cap, columns);
        for (size_t i = 0; i < x.size(); ++i) EXPECT(same_bits(actual[i], x[i] * cap));
      }
    }
  }
}

void walk_elementwise(const KernelTable& table, Random& random) {
  for (const int64_t columns : {0, 1, 7, 8, 9, 15, 17, 25, 64, 100, 1000}) {
    for (const bool any : {false, true}) {
      const std::vector<float> x =
          any ? any_floats(columns, random) : random.gaussians(columns, 10.0f);
      const std::vector<float> y = any ? any_floats(columns, random) : random.gaussians(columns);
      std::vector<float> expected = x;
      std::vector<float> actual = x;
      reference().swiglu(expected.data(), y.data(), columns);
      table.swiglu(actual.data(), y.data(), columns);
      expect_same(actual, expected, named(table, "swiglu", columns));
      for (size_t i = 0; i < x.size() && !any; ++i) {
        const double v = static_cast<double>(x[i]);
        const double exact = v / (1.0 + std::exp(-v)) * static_cast<double>(y[i]);
        // exp 2 roundings' worth, then an addition, a division and a product.
        EXPECT(std::fabs(static_cast<double>(actual[i]) - exact) <= 6 * 0x1p-24 * std::fabs(exact));
      }
      expected = x;
      actual = x;
      reference().add(expected.data(), y.data(), columns);
      table.add(actual.data(), y.data(), columns);
      expect_same(actual, expected, named(table, "add", columns));
      for (size_t i = 0; i < x.size(); ++i) EXPECT(same_bits(actual[i], x[i] + y[i]));
      const float factor = any ? any_floats(1, random)[0] : random.gaussian();
      expected = x;
      actual = x;
      reference().add_scaled(expected.data(), y.data(), factor, columns);
      table.add_scaled(actual.data(), y.data(), factor, columns);
      expect_same(actual, expected, named(table, "add_scaled", columns));
      for (size_t i = 0; i < x.size() && !any; ++i) {
        // In float64 the product is exact, and the sum of such floats nearly: one rounding is left.
        const double exact =
            static_cast<double>(y[i]) * static_cast<double>(factor) + static_cast<double>(x[i]);
        EXPECT(std::fabs(static_cast<double>(actual[i]) - exact) <= 0x1p-24 * std::fabs(exact));
      }
      const double sum = table.sum_exponentials(x.data(), 30.0f, columns);
      const double same = reference().sum_exponentials(x.data(), 30.0f, columns);
      EXPECT(sum == same || (std::isnan(sum) && std::isnan(same)));
      double exact = 0;
      for (const float v : x) exact += std::exp(static_cast<double>(v) - 30.0);
      // Each term: a difference below 100 rounded, and one unit of exponential.
      EXPECT(any || std::fabs(sum - exact) <= (100 * 0x1p-24 + 0x1p-23) * exact);
    }
  }
}

// Floats of every exponent and sign, one exponential, tangent and normal distribution each.
void walk_functions(const KernelTable& table) {
  for (int64_t bits = 0; bits < int64_t{1} << 32; bits += 1999) {
    const auto pattern = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &pattern, sizeof(x));
    const double actual = table.sum_exponentials(&x, 0.0f, 1);
    const double expected = static_cast<double>(exponential(x));
    EXPECT(actual == expected || (std::isnan(actual) && std::isnan(expected)));
    float capped = x;
    table.soft_cap(&capped, 1.0f, 1);
    EXPECT(same_bits(capped, hyperbolic_tangent(x)));
    float gelu = x;
    table.gelu(&gelu, 1);
    EXPECT(same_bits(gelu, x * normal_probability(x)));
  }
}

void walk_dequantize(const KernelTable& table, Random& random) {
  for (const TensorType type : kAllTypes) {
    const int64_t columns = block_columns(type) == 1 ? 37 : 3 * block_columns(type);
    const std::vector<std::byte> data = random_weights(type, 5 * columns, false, random);
    const PackedWeights weights(type, data.data(), 5, columns);
    for (int64_t row = 0; row < 5; ++row) {
      std::vector<float> expected(static_cast<size_t>(columns));
      std::vector<float> actual = expected;
      reference().dequantize_row(weights.matrix(), row, expected.data());
      table.dequantize_row(weights.matrix(), row, actual.data());
      expect_same(actual, expected, named(table, tensor_type_name(type), row));
    }
  }
}

}  // namespace

int main() {
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    Random random(13);
    walk_quantize(*table, random);
    walk_rms_norm(*table, random);
    walk_layer_norm(*table, random);
    walk_rope(*table, random);
    walk_elementwise(*table, random);
    walk_gelu(*table, random);
    walk_scale_and_cap(*table, random);
    walk_functions(*table);
    walk_dequantize(*table, random);
  }
  return result();
}
