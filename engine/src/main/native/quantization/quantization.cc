#include "quantization/quantization.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "quantization/affine_super_blocks.h"
#include "quantization/block32_encoding.h"
#include "quantization/float16_encoding.h"
#include "quantization/nonlinear_encoding.h"
#include "quantization/symmetric_super_blocks.h"
#include "quantization/widening.h"

namespace sparkllama {
namespace {

// Elements that are encoded at a time, so that they stay in the first cache; whole blocks of every
// type.
constexpr int64_t kPiece = 4096;
constexpr int kLossLanes = 16;

// No type but F32 and BF16 holds such a magnitude: 65504 (half) * 128 (sub-scale) * 32 (code) is
// the largest. The searches of scales, whose sums would overflow, never see one.
constexpr float kBeyondHalves = 0x1p32f;

// As float32 bits, which order as magnitudes do: NaN and infinity are above all others.
int32_t largest_magnitude(const float* values, int64_t count) {
  int32_t largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::bit_cast<int32_t>(values[i]) & 0x7fffffff);
  }
  return largest;
}

bool holds(TensorType type, int32_t magnitude) {
  return type == TensorType::kF32 || type == TensorType::kBF16 ||
         magnitude < std::bit_cast<int32_t>(kBeyondHalves);
}

template <typename Block, int64_t kColumns>
void encode_each(const float* values, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; i += kColumns, out += sizeof(Block)) {
    Block block;
    encode(values + i, block);
    std::memcpy(out, &block, sizeof(block));
  }
}

template <typename Block>
void encode_affine(const KernelTable& kernels, const float* values, int64_t count, std::byte* out) {
  Block blocks[kPiece / 256];
  encode(kernels, values, count / 256, blocks);
  std::memcpy(out, blocks, static_cast<size_t>(count / 256) * sizeof(Block));
}

void encode_q6(const KernelTable& kernels, const float* values, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; i += 256, out += sizeof(BlockQ6_K)) {
    BlockQ6_K block;
    encode(kernels, values + i, block);
    std::memcpy(out, &block, sizeof(block));
  }
}

void encode_piece(const KernelTable& kernels, TensorType type, const float* values, int64_t count,
                  std::byte* out) {
  switch (type) {
    case TensorType::kF32:
      std::memcpy(out, values, static_cast<size_t>(count) * sizeof(float));
      return;
    case TensorType::kF16:
      return encode_halves(values, count, out);
    case TensorType::kBF16:
      return encode_bfloat16(values, count, out);
    case TensorType::kQ4_0:
      return encode_each<BlockQ4_0, 32>(values, count, out);
    case TensorType::kQ4_1:
      return encode_each<BlockQ4_1, 32>(values, count, out);
    case TensorType::kQ5_0:
      return encode_each<BlockQ5_0, 32>(values, count, out);
    case TensorType::kQ5_1:
      return encode_each<BlockQ5_1, 32>(values, count, out);
    case TensorType::kQ8_0:
      return encode_each<BlockQ8_0, 32>(values, count, out);
    case TensorType::kIQ4_NL:
      return encode_each<BlockIQ4_NL, 32>(values, count, out);
    case TensorType::kQ2_K:
      return encode_affine<BlockQ2_K>(kernels, values, count, out);
    case TensorType::kQ3_K:
      return encode_each<BlockQ3_K, 256>(values, count, out);
    case TensorType::kQ4_K:
      return encode_affine<BlockQ4_K>(kernels, values, count, out);
    case TensorType::kQ5_K:
      return encode_affine<BlockQ5_K>(kernels, values, count, out);
    case TensorType::kQ6_K:
      return encode_q6(kernels, values, count, out);
    case TensorType::kIQ4_XS:
      return;  // no target
  }
}

double sum_of(const double* lanes) {
  double sum = 0.0;
  for (int lane = 0; lane < kLossLanes; ++lane) sum += lanes[lane];
  return sum;
}

void add_loss(const float* source, const float* stored, int64_t count, QuantizationLoss& loss) {
  double squares[kLossLanes] = {};
  double errors[kLossLanes] = {};
  int64_t i = 0;
  for (; i + kLossLanes <= count; i += kLossLanes) {
    for (int lane = 0; lane < kLossLanes; ++lane) {
      const double value = source[i + lane];
      const double error = static_cast<double>(stored[i + lane]) - value;
      squares[lane] += value * value;
      errors[lane] += error * error;
    }
  }
  for (int lane = 0; i < count; ++i, ++lane) {
    const double value = source[i];
    const double error = static_cast<double>(stored[i]) - value;
    squares[lane] += value * value;
    errors[lane] += error * error;
  }
  loss.squares += sum_of(squares);
  loss.squared_errors += sum_of(errors);
}

}  // namespace

bool is_quantization_target(TensorType type) { return type != TensorType::kIQ4_XS; }

QuantizationLoss quantize_elements(const KernelTable& kernels, TensorType source_type,
                                   const std::byte* source, TensorType target_type, std::byte* out,
                                   int64_t count) {
  QuantizationLoss loss = {0.0, 0.0};
  float values[kPiece];
  float stored[kPiece];
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t piece = std::min(kPiece, count - begin);
    const std::byte* from = source + row_bytes(source_type, begin);
    std::byte* to = out + row_bytes(target_type, begin);
    widen_blocks(source_type, from, piece, values);
    const int32_t largest = largest_magnitude(values, piece);
    if (largest >= std::bit_cast<int32_t>(std::numeric_limits<float>::infinity())) {
      return {std::numeric_limits<double>::quiet_NaN(), 0.0};
    }
    if (!holds(target_type, largest)) {
      return {0.0, std::numeric_limits<double>::infinity()};
    }
    if (source_type == target_type) {
      std::memcpy(to, from, static_cast<size_t>(row_bytes(source_type, piece)));
      add_loss(values, values, piece, loss);
    } else {
      encode_piece(kernels, target_type, values, piece, to);
      widen_blocks(target_type, to, piece, stored);
      add_loss(values, stored, piece, loss);
    }
  }
  return loss;
}

}  // namespace sparkllama
