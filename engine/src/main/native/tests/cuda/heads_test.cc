// Compares queries, keys and values that are finished on the emulated device, and the KV cache that
// they are written to, with the reference kernels, bit by bit.
#include <cmath>
#include <cstring>
#include <limits>

#include "base/half.h"
#include "base/math.h"
#include "cpu/kernel_dispatch.h"
#include "cuda/kernels/finish_heads.h"
#include "cuda/kernels/rotations.h"
#include "tests/cuda/fiber_orders.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kTokens = 5;
constexpr int32_t kMostTokens = 7;
constexpr int32_t kBlocks = 4;
constexpr float kUntouched = -7.25f;
// Positions up to what float64 turns exactly enough, and slots at borders of blocks.
constexpr int32_t kPositions[kTokens] = {0, 1, 4095, 131071, 77};
constexpr int32_t kSlots[2 * kMostTokens] = {0, 0, 0, 0, 0, 0, 0, 15, 16, 63, 0, 37};

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

enum class NormWidth { kNone, kHead, kAll };

struct Shape {
  KvType type;
  int32_t heads;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t rope_dim;  // 0 for no rotation
  RopeLayout layout;
  NormWidth norm;

  int64_t query_width() const { return int64_t{heads} * head_dim; }
  int64_t kv_width() const { return int64_t{kv_heads} * head_dim; }
  std::string text() const {
    return "heads of " + std::to_string(head_dim) + ", " + std::to_string(rope_dim) +
           " turned, type " + std::to_string(static_cast<int>(type)) + ", norm " +
           std::to_string(static_cast<int>(norm));
  }
};

DeviceStep step() {
  DeviceStep step = {};
  step.num_tokens = nullptr;
  step.positions = kPositions;
  step.kv_slots = kSlots;
  step.kv_slot_stride = kMostTokens;
  return step;
}

RowLaunch on(cudaStream_t stream) {
  static const int32_t tokens = kTokens;
  return {stream, &tokens, kMostTokens, 4};
}

// Two tables; what a stride leaves between them stays as it was.
std::vector<RopePair> rotations(cudaStream_t stream, int32_t rope_dim, Random& random) {
  const int32_t pairs = rope_dim / 2;
  std::vector<double> frequencies;
  for (int32_t i = 0; i < 2 * pairs; ++i) frequencies.push_back(random.uniform());
  const RotationTable tables[2] = {{1.0, frequencies.data()}, {1.19, frequencies.data() + pairs}};
  std::vector<RopePair> actual(static_cast<size_t>(2 * kMostTokens * pairs),
                               {kUntouched, kUntouched});
  std::vector<RopePair> expected = actual;
  launch_rotations(on(stream), step(), tables, 2, {actual.data(), kMostTokens, rope_dim});
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  for (int64_t k = 0; k < 2; ++k) {
    for (int64_t t = 0; t < kTokens; ++t) {
      for (int64_t i = 0; i < pairs; ++i) {
        const SineCosine angle = sine_cosine(kPositions[t] * tables[k].inverse_frequencies[i]);
        expected[static_cast<size_t>((k * kMostTokens + t) * pairs + i)] = {
            static_cast<float>(angle.cosine * tables[k].magnitude),
            static_cast<float>(angle.sine * tables[k].magnitude)};
      }
    }
  }
  EXPECT(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(RopePair)) == 0);
  return actual;
}

// A row of heads on its way, as the reference does it.
void finish(float* row, int64_t width, const HeadRows& how) {
  if (how.bias != nullptr) reference().add(row, how.bias, width);
  if (how.norm == nullptr) return;
  for (int64_t i = 0; i < width; i += how.norm_width) {
    reference().rms_norm(row + i, how.norm, 1e-6f, how.norm_width, row + i);
  }
}

float float_at(const std::byte* from, int64_t index) {
  float value;
  std::memcpy(&value, from + index * 4, sizeof value);
  return value;
}

float half_at(const std::byte* from, int64_t index) {
  uint16_t half;
  std::memcpy(&half, from + index * 2, sizeof half);
  return half_to_float(half);
}

// Whatever stands in the pools, NaNs alike: scales and codes of a part, or its elements.
void expect_same_pools(const KvLayer& actual, const KvLayer& expected, const std::string& what) {
  std::vector<float> values[2];
  for (int which = 0; which < 2; ++which) {
    const KvLayer& kv = which == 0 ? actual : expected;
    std::vector<float>& out = values[which];
    for (int64_t p = 0; p < kBlocks * 2 * kv.kv_heads; ++p) {
      const std::byte* part = kv.data + p * kv.part_bytes;
      const int64_t elements = int64_t{kKvBlockPositions} * kv.head_dim;
      for (int64_t i = 0; i < kKvBlockPositions && kv.type == KvType::kInt8; ++i) {
        out.push_back(float_at(part, i));
      }
      for (int64_t i = 0; i < elements; ++i) {
        if (kv.type == KvType::kInt8) {
          out.push_back(static_cast<float>(part[4 * kKvBlockPositions + i]));
        } else {
          out.push_back(kv.type == KvType::kFloat16 ? half_at(part, i) : float_at(part, i));
        }
      }
    }
  }
  expect_same(values[0], values[1], what + ", cache");
}

void check(cudaStream_t stream, const Shape& shape, bool biased, Random& random) {
  const std::vector<RopePair> pairs = rotations(stream, std::max(shape.rope_dim, 2), random);
  std::vector<float> queries = random.gaussians(kMostTokens * shape.query_width());
  std::vector<float> keys = random.gaussians(kMostTokens * shape.kv_width());
  std::vector<float> values = random.gaussians(kMostTokens * shape.kv_width());
  // A NaN in one head of keys, an infinity in values, a head too small for codes.
  keys[static_cast<size_t>(shape.kv_width() + 1)] = std::nanf("");
  values[static_cast<size_t>(2 * shape.kv_width())] = std::numeric_limits<float>::infinity();
  for (int64_t d = 0; d < shape.head_dim; ++d) {
    values[static_cast<size_t>(3 * shape.kv_width() + d)] *= 1e-32f;
  }
  const std::vector<float> keys_before = keys;
  const std::vector<float> values_before = values;
  const std::vector<float> query_bias = random.gaussians(shape.query_width());
  const std::vector<float> kv_bias = random.gaussians(shape.kv_width());
  const std::vector<float> norm = random.gaussians(shape.query_width());
  HeadFinish heads = {};
  heads.queries.rows = queries.data();
  heads.keys.rows = keys.data();
  heads.values.rows = values.data();
  if (biased) {
    heads.queries.bias = query_bias.data();
    heads.keys.bias = heads.values.bias = kv_bias.data();
  }
  if (shape.norm != NormWidth::kNone) {
    heads.queries.norm = heads.keys.norm = norm.data();
    heads.queries.norm_width = shape.norm == NormWidth::kAll ? shape.query_width() : shape.head_dim;
    heads.keys.norm_width = shape.norm == NormWidth::kAll ? shape.kv_width() : shape.head_dim;
  }
  heads.norm_epsilon = 1e-6f;
  heads.rope_layout = shape.layout;
  heads.rope_dimension = shape.rope_dim;
  heads.rotations = pairs.data();
  heads.rotation_table = shape.rope_dim == 0 ? HeadFinish::kWithoutRope : 1;
  heads.kv_group = 1;
  const int64_t part_bytes = kv_part_bytes(shape.type, shape.head_dim);
  AlignedArray<std::byte> pool(kBlocks * 2 * shape.kv_heads * part_bytes);
  AlignedArray<std::byte> expected_pool(pool.size());
  std::fill_n(pool.data(), pool.size(), std::byte{0x5a});
  std::fill_n(expected_pool.data(), pool.size(), std::byte{0x5a});
  heads.kv = {shape.type, pool.data(), part_bytes, shape.kv_heads, shape.head_dim};
  KvLayer expected_kv = heads.kv;
  expected_kv.data = expected_pool.data();

  std::vector<float> expected = queries;
  for (int64_t t = 0; t < kTokens; ++t) {
    float* query = expected.data() + t * shape.query_width();
    std::vector<float> key(keys.data() + t * shape.kv_width(),
                           keys.data() + (t + 1) * shape.kv_width());
    std::vector<float> value(values.data() + t * shape.kv_width(),
                             values.data() + (t + 1) * shape.kv_width());
    finish(query, shape.query_width(), heads.queries);
    finish(key.data(), shape.kv_width(), heads.keys);
    finish(value.data(), shape.kv_width(), heads.values);
    if (shape.rope_dim > 0) {
      const auto rope =
          shape.layout == RopeLayout::kHalves ? reference().rope_halves : reference().rope_adjacent;
      const RopePair* turns = pairs.data() + (kMostTokens + t) * (shape.rope_dim / 2);
      rope(query, shape.heads, shape.head_dim, shape.rope_dim, turns);
      rope(key.data(), shape.kv_heads, shape.head_dim, shape.rope_dim, turns);
    }
    reference().kv_write(expected_kv, kSlots[kMostTokens + t], key.data(), value.data());
  }
  launch_finish_heads(on(stream), step(), heads, shape.heads, kMostTokens);
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  expect_same(queries, expected, shape.text());
  expect_same(keys, keys_before, shape.text() + ", keys");
  expect_same(values, values_before, shape.text() + ", values");
  expect_same_pools(heads.kv, expected_kv, shape.text());
}

void walk_shapes(cudaStream_t stream, KvType type, Random& random) {
  const auto adjacent = RopeLayout::kAdjacent;
  const auto halves = RopeLayout::kHalves;
  check(stream, {type, 4, 2, 64, 64, halves, NormWidth::kNone}, false, random);
  check(stream, {type, 4, 1, 64, 64, adjacent, NormWidth::kNone}, true, random);
  check(stream, {type, 3, 3, 80, 32, halves, NormWidth::kHead}, true, random);
  check(stream, {type, 20, 2, 24, 24, adjacent, NormWidth::kHead}, false, random);
  check(stream, {type, 6, 2, 128, 128, halves, NormWidth::kAll}, false, random);
  check(stream, {type, 2, 2, 20, 0, halves, NormWidth::kNone}, true, random);
  // More elements than a block brings at once.
  check(stream, {type, 66, 1, 128, 128, halves, NormWidth::kHead}, false, random);
  check(stream, {type, 33, 1, 128, 96, adjacent, NormWidth::kHead}, true, random);
}

void test_copy(cudaStream_t stream, Random& random) {
  const int64_t part_bytes = kv_part_bytes(KvType::kInt8, 24);
  const int64_t block_bytes = 2 * 3 * part_bytes;
  std::vector<std::byte> pool(static_cast<size_t>(4 * block_bytes));
  for (std::byte& byte : pool) byte = static_cast<std::byte>(random.bits());
  std::vector<std::byte> expected = pool;
  std::copy_n(pool.begin() + 3 * block_bytes, block_bytes, expected.begin() + block_bytes);
  launch_copy_block(stream, {KvType::kInt8, pool.data(), part_bytes, 3, 24}, 3, 1);
  EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT(pool == expected);
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  Random random(37);
  in_all_fiber_orders([&] {
    for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
      walk_shapes(stream, type, random);
    }
  });
  test_copy(stream, random);
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
