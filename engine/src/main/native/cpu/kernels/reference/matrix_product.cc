// Multiplies weight rows with activation rows: the order of arithmetic that every table keeps.
//
// With acc = 0 at first, w an output's weight row, a a row of activations:
//
//   F32, F16, BF16:  for k in order:     acc = fma(float32(w[k]), a[k], acc)
//
//   Q4_0, Q5_0, Q8_0, IQ4_NL, for blocks b of 32 in order:
//     dot = sum of code_w[i] * code_a[i], offsets (8, 16) subtracted from code_w, int32
//                                        acc = fma(float(dot), scale_w * scale_a, acc)
//   Q4_1, Q5_1: as before, and then      acc = fma(float(sum_a), minimum_w * scale_a, acc)
//     sum_a = sum of code_a[i]
//
//   Q3_K, Q6_K, IQ4_XS, for blocks b of 256 in order:
//     dot = sum over sub-blocks s of sub_scale[s] * (sum of code_w[i] * code_a[i]), int32
//                                        acc = fma(float(dot), scale_w * scale_a, acc)
//   Q2_K, Q4_K, Q5_K: as before, then    acc = fma(float(minima), -(minimum_w * scale_a), acc)
//     minima = sum over sub-blocks s of sub_minimum[s] * sum_a[s]
//
// float() of an int32 rounds half to even. The largest magnitudes, |code_a| being at most 127:
// Q6_K 256 * 128 * 32 * 127 = 133,169,152 and IQ4_XS 256 * 32 * 127 * 127 = 132,128,768 < 2^31.

#include "cpu/kernels/reference/activation_row.h"
#include "cpu/kernels/reference/reference_kernels.h"
#include "cpu/kernels/reference/weight_block.h"

namespace sparkllama::reference {
namespace {

// Where the sums of one weight row stand: element t * stride for activation row t.
struct OutputColumn {
  float* data;
  int64_t stride;
};

void float_row(const PackedMatrix& weights, int64_t row, const Activations& activations,
               OutputColumn y) {
  for (int64_t k = 0; k < activations.columns; ++k) {
    const float weight = unpack_float(weights, row, k);
    for (int64_t t = 0; t < activations.tiles.num_rows; ++t) {
      float& acc = y.data[t * y.stride];
      acc = __builtin_fmaf(weight, activations.values[t * activations.columns + k], acc);
    }
  }
}

int32_t dot_product(const int8_t* a, const int8_t* b, int count) {
  int32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += int32_t{a[i]} * int32_t{b[i]};
  return sum;
}

void block32_row(const PackedMatrix& weights, int64_t row, const Activations& activations,
                 OutputColumn y) {
  const int64_t blocks = activations.columns / 32;
  for (int64_t b = 0; b < blocks; ++b) {
    const WeightBlock32 weight = unpack_block32(weights, row, b);
    for (int64_t t = 0; t < activations.tiles.num_rows; ++t) {
      const ActivationRow x(activations, t, 32, 32);
      const float scale = x.scale(b);
      float& acc = y.data[t * y.stride];
      const int32_t dot = dot_product(weight.codes, x.codes(b * 32), 32);
      acc = __builtin_fmaf(static_cast<float>(dot), weight.scale * scale, acc);
      if (has_minimum(weights.type)) {
        const float sum = static_cast<float>(x.sum(b));
        acc = __builtin_fmaf(sum, weight.minimum * scale, acc);
      }
    }
  }
}

void block256_row(const PackedMatrix& weights, int64_t row, const Activations& activations,
                  OutputColumn y) {
  const int64_t blocks = activations.columns / 256;
  for (int64_t b = 0; b < blocks; ++b) {
    const WeightBlock256 weight = unpack_block256(weights, row, b);
    for (int64_t t = 0; t < activations.tiles.num_rows; ++t) {
      const ActivationRow x(activations, t, 256, 16);
      const float scale = x.scale(b);
      float& acc = y.data[t * y.stride];
      int32_t dot = 0;
      int32_t minima = 0;
      for (int s = 0; s < 16; ++s) {
        dot += weight.sub_scales[s] *
               dot_product(weight.codes + s * 16, x.codes(b * 256 + s * 16), 16);
        minima += weight.sub_minimums[s] * x.sum(b * 16 + s);
      }
      acc = __builtin_fmaf(static_cast<float>(dot), weight.scale * scale, acc);
      if (has_minimum(weights.type)) {
        acc = __builtin_fmaf(static_cast<float>(minima), -(weight.minimum * scale), acc);
      }
    }
  }
}

}  // namespace

void matrix_product(const PackedMatrix& weights, int64_t row_begin, int64_t row_end,
                    const Activations& activations, std::byte*, float* y, int64_t y_stride) {
  for (int64_t r = row_begin; r < row_end; ++r) {
    const OutputColumn column = {y + r, y_stride};
    for (int64_t t = 0; t < activations.tiles.num_rows; ++t) column.data[t * y_stride] = 0.0f;
    switch (activation_format(weights.type)) {
      case ActivationFormat::kFloat32:
        float_row(weights, r, activations, column);
        break;
      case ActivationFormat::kInt8Block32:
        block32_row(weights, r, activations, column);
        break;
      case ActivationFormat::kInt8Block256:
        block256_row(weights, r, activations, column);
        break;
    }
  }
}

}  // namespace sparkllama::reference
