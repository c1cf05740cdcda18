// Compares digests of what the reference computes with those written here: the same bits on every
// processor and from every compiler. Inputs are made of integers alone, so that no library's
// logarithm or cosine is among them.
//
// A digest changes when the order of arithmetic does, which changes the answers of every model:
// then this test prints the new ones.
#include <cinttypes>
#include <cstdio>

#include "base/math.h"
#include "cpu/kernel_dispatch.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

const KernelTable& reference() { return *kernel_table(InstructionSet::kReference); }

// In [-4, 4), exactly.
std::vector<float> exact_values(int64_t count, Random& random) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    value = static_cast<float>(static_cast<int32_t>(random.bits() >> 41) - (1 << 22)) * 0x1p-20f;
  }
  return values;
}

// FNV-1a over bytes.
class Digest {
 public:
  template <typename T>
  void add(const T* values, size_t count) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(values);
    for (size_t i = 0; i < count * sizeof(T); ++i) {
      value_ = (value_ ^ bytes[i]) * 0x100000001b3u;
    }
  }
  void add(const std::vector<float>& values) { add(values.data(), values.size()); }

  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325u;
};

void expect_digest(const char* what, const Digest& digest, uint64_t expected) {
  if (digest.value() == expected) return;
  std::fprintf(stderr, "%s: the digest is 0x%016" PRIx64 "\n", what, digest.value());
  ++failures;
}

uint64_t product_digest(TensorType type) {
  Random random(23);
  const int64_t rows = 24;
  const int64_t columns = 1024;
  const int64_t num_rows = 5;
  std::vector<std::byte> data;
  if (type == TensorType::kF32) {
    const std::vector<float> values = exact_values(rows * columns, random);
    data.resize(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
  } else {
    data = random_weights(type, rows * columns, true, random);
  }
  const PackedWeights weights(type, data.data(), rows, columns);
  const OwnedActivations x =
      prepare(reference(), type, exact_values(num_rows * columns, random), columns);
  std::vector<float> y(static_cast<size_t>(num_rows * rows));
  multiply(reference(), weights.matrix(), 0, rows, x, y, rows);
  std::vector<float> row(static_cast<size_t>(columns));
  reference().dequantize_row(weights.matrix(), 17, row.data());
  Digest digest;
  digest.add(y);
  digest.add(row);
  return digest.value();
}

void check_products() {
  struct Expected {
    TensorType type;
    uint64_t digest;
  };
  constexpr Expected kExpected[] = {
      {TensorType::kF32, 0xabf1c96da50c9079},    {TensorType::kF16, 0xbe0bd66cfb9dd1fa},
      {TensorType::kBF16, 0xa4a1c341d63bce11},   {TensorType::kQ4_0, 0x96944696699d93db},
      {TensorType::kQ4_1, 0x1b9967f275d9bb2e},   {TensorType::kQ5_0, 0x305d6d16bb957d69},
      {TensorType::kQ5_1, 0xfee8718b36d94aa5},   {TensorType::kQ8_0, 0x2b263c8a2b7c60e3},
      {TensorType::kIQ4_NL, 0xf5e49ec6405e6086}, {TensorType::kQ2_K, 0x9cd9039737d9a74f},
      {TensorType::kQ3_K, 0x548e42a8592050b5},   {TensorType::kQ4_K, 0xec2152f378980840},
      {TensorType::kQ5_K, 0x0e5a662376caaa9f},   {TensorType::kQ6_K, 0x345f613a0188ca92},
      {TensorType::kIQ4_XS, 0x62264e0f0ed6c988},
  };
  for (const Expected& expected : kExpected) {
    const uint64_t digest = product_digest(expected.type);
    if (digest == expected.digest) continue;
    std::fprintf(stderr, "%s: the digest is 0x%016" PRIx64 "\n", tensor_type_name(expected.type),
                 digest);
    ++failures;
  }
}

void check_elementwise() {
  Random random(29);
  const int64_t columns = 1000;
  const std::vector<float> x = exact_values(columns, random);
  const std::vector<float> weight = exact_values(columns, random);
  Digest norm;
  std::vector<float> out(x.size());
  reference().rms_norm(x.data(), weight.data(), 1e-5f, columns, out.data());
  norm.add(out);
  expect_digest("rms_norm", norm, 0xb86e99d7c45be31e);

  Digest centered;
  reference().layer_norm(x.data(), weight.data(), x.data(), 1e-5f, columns, out.data());
  centered.add(out);
  expect_digest("layer_norm", centered, 0x9ab119a3d9c63be0);

  Digest gelu;
  out = x;
  reference().geglu(out.data(), weight.data(), columns);
  gelu.add(out);
  out = x;
  reference().gelu(out.data(), columns);
  gelu.add(out);
  expect_digest("geglu and gelu", gelu, 0xcacf6cf2fb4428fd);

  Digest capped;
  out = x;
  reference().scale(out.data(), 0x1.6a09e6p+5f, columns);
  reference().soft_cap(out.data(), 30.0f, columns);
  capped.add(out);
  expect_digest("scale and soft_cap", capped, 0xd164e11e9fa3b265);

  Digest gated;
  out = x;
  reference().swiglu(out.data(), weight.data(), columns);
  gated.add(out);
  const double sum = reference().sum_exponentials(x.data(), 4.0f, columns);
  gated.add(&sum, 1);
  expect_digest("swiglu and sum_exponentials", gated, 0x398f584b8b99d2c3);

  Digest rotated;
  std::vector<RopePair> pairs;
  for (int i = 0; i < 32; ++i) {
    const SineCosine angle = sine_cosine(1000.0 / (1 << (i / 2)));
    pairs.push_back({static_cast<float>(angle.cosine), static_cast<float>(angle.sine)});
  }
  out.assign(x.begin(), x.begin() + 3 * 80);
  reference().rope_adjacent(out.data(), 3, 80, 64, pairs.data());
  reference().rope_halves(out.data(), 3, 80, 64, pairs.data());
  rotated.add(out);
  expect_digest("rope", rotated, 0xd1fb32ed59fd87f6);
}

void check_attention() {
  constexpr int64_t kHeadDim = 80;
  constexpr int32_t kGroup = 3;
  constexpr int32_t kPositions = 1100;  // two segments
  for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
    Random random(31);
    const int64_t part = kv_part_bytes(type, kHeadDim);
    constexpr int32_t kBlocks = (kPositions + kKvBlockPositions - 1) / kKvBlockPositions;
    std::vector<std::byte> pool(static_cast<size_t>(2 * part * kBlocks));
    const KvLayer kv = {type, pool.data(), part, 1, kHeadDim};
    std::vector<int32_t> table(kBlocks);
    for (int32_t b = 0; b < kBlocks; ++b) table[static_cast<size_t>(b)] = kBlocks - 1 - b;
    for (int64_t p = 0; p < kPositions; ++p) {
      const std::vector<float> keys = exact_values(kHeadDim, random);
      const std::vector<float> values = exact_values(kHeadDim, random);
      const int64_t block = table[static_cast<size_t>(p / kKvBlockPositions)];
      reference().kv_write(kv, block * kKvBlockPositions + p % kKvBlockPositions, keys.data(),
                           values.data());
    }
    const int64_t width = kGroup * kHeadDim;
    const std::vector<float> queries = exact_values(2 * width, random);
    std::vector<float> output(queries.size());
    AlignedArray<float> scratch(attention_scratch_floats(2 * kGroup, kHeadDim));
    AttentionTask task = {};
    task.kv = &kv;
    task.block_table = table.data();
    task.position = kPositions - 2;
    task.num_tokens = 2;
    task.group_size = kGroup;
    task.token_stride = width;
    task.queries = queries.data();
    task.scale = 0.125f;
    task.scratch = scratch.data();
    task.output = output.data();
    reference().attention(task);
    Digest digest;
    digest.add(output);
    constexpr uint64_t kExpected[] = {0x127a0d097a017420, 0xae062bc3a5d31e32, 0x69257776a641a62e};
    expect_digest("attention", digest, kExpected[static_cast<int>(type)]);
    task.soft_cap = 0.5f;
    reference().attention(task);
    Digest capped;
    capped.add(output);
    constexpr uint64_t kCapped[] = {0x67b53ac3de995954, 0x83f2a20a62e3b739, 0x318d2f4e5cec4699};
    expect_digest("attention with a soft cap", capped, kCapped[static_cast<int>(type)]);
  }
}

}  // namespace

int main() {
  check_products();
  check_elementwise();
  check_attention();
  return result();
}
