// Walks KV writes and attention of every table against the reference, bit by bit, and the reference
// against a computation in float64.
#include <cstdio>
#include <limits>

#include "base/half.h"
#include "cpu/kernel_dispatch.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

struct Shape {
  KvType type;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t block_size;
  int32_t positions;
};

int64_t bytes_of_row(const Shape& shape) {
  switch (shape.type) {
    case KvType::kFloat32:
      return shape.head_dim * int64_t{4};
    case KvType::kFloat16:
      return shape.head_dim * int64_t{2};
    default:
      return shape.head_dim + int64_t{4};
  }
}

// A pool whose blocks a sequence holds in a scrambled order.
class Pool {
 public:
  explicit Pool(const Shape& shape) : shape_(shape) {
    const int32_t blocks = (shape.positions + shape.block_size - 1) / shape.block_size;
    for (int32_t b = 0; b < blocks; ++b) table_.push_back((b * 7 + 3) % (blocks + 5));
    // Steps of 7 visit every block once, unless 7 divides their number.
    if ((blocks + 5) % 7 == 0) {
      for (int32_t b = 0; b < blocks; ++b) table_[static_cast<size_t>(b)] = blocks + 4 - b;
    }
    data_.resize(static_cast<size_t>((blocks + 5) * 2 * shape.kv_heads * shape.block_size *
                                     bytes_of_row(shape)),
                 std::byte{0xff});
  }

  KvLayer layer() {
    return {shape_.type,     data_.data(),    bytes_of_row(shape_),
            shape_.kv_heads, shape_.head_dim, shape_.block_size};
  }

  void write(const KernelTable& table, const std::vector<float>& keys,
             const std::vector<float>& values) {
    const KvLayer kv = layer();
    const int64_t width = int64_t{shape_.kv_heads} * shape_.head_dim;
    for (int64_t p = 0; p < shape_.positions; ++p) {
      const int64_t block = table_[static_cast<size_t>(p / shape_.block_size)];
      const int64_t slot = block * shape_.block_size + p % shape_.block_size;
      table.kv_write(kv, slot, keys.data() + p * width, values.data() + p * width);
    }
  }

  const std::vector<int32_t>& table() const { return table_; }
  const std::vector<std::byte>& bytes() const { return data_; }

 private:
  Shape shape_;
  std::vector<int32_t> table_;
  std::vector<std::byte> data_;
};

struct Window {
  int32_t first;
  int32_t length;
};

std::vector<float> attend(const KernelTable& table, Pool& pool, const std::vector<float>& queries,
                          int32_t kv_head, Window window) {
  const KvLayer kv = pool.layer();
  const int32_t group = static_cast<int32_t>(queries.size()) / kv.head_dim;
  std::vector<float> output(queries.size(), -1.0f);
  std::vector<float> scratch(static_cast<size_t>(attention_scratch_floats(group, kv.head_dim)),
                             std::numeric_limits<float>::quiet_NaN());
  const AttentionTask task = {&kv,
                              pool.table().data(),
                              kv_head,
                              window.first,
                              window.length,
                              queries.data(),
                              group,
                              1.0f / std::sqrt(static_cast<float>(kv.head_dim)),
                              scratch.data(),
                              output.data()};
  table.attention(task);
  return output;
}

// Row of the cache in float64, as an independent reader sees it.
std::vector<double> read_row(const Pool& pool, const Shape& shape, int part, int32_t head,
                             int32_t p) {
  const int64_t block = pool.table()[static_cast<size_t>(p / shape.block_size)];
  const int64_t row =
      ((block * 2 + part) * shape.kv_heads + head) * shape.block_size + p % shape.block_size;
  const std::byte* at = pool.bytes().data() + row * bytes_of_row(shape);
  std::vector<double> out;
  for (int32_t d = 0; d < shape.head_dim; ++d) {
    if (shape.type == KvType::kInt8) {
      float scale;
      std::memcpy(&scale, at, sizeof(scale));
      out.push_back(static_cast<double>(scale) * static_cast<int8_t>(at[4 + d]));
    } else if (shape.type == KvType::kFloat16) {
      uint16_t half;
      std::memcpy(&half, at + 2 * d, sizeof(half));
      out.push_back(half_to_float(half));
    } else {
      float value;
      std::memcpy(&value, at + 4 * d, sizeof(value));
      out.push_back(value);
    }
  }
  return out;
}

// Softmax attention in float64. With |q| and |k| of a few units per element, scores carry an error
// of at most head_dim * 2^-24 * sum |q k| / sqrt(head_dim) < 1e-4, and weights and output as much
// relative to the largest |value|; the chain over n positions adds n * 2^-24.
void compare_exact(const Pool& pool, const Shape& shape, const std::vector<float>& queries,
                   int32_t kv_head, Window window, const std::vector<float>& actual) {
  const size_t dim = static_cast<size_t>(shape.head_dim);
  for (size_t h = 0; h < queries.size() / dim; ++h) {
    std::vector<double> scores;
    double maximum = -1e300;
    for (int32_t p = window.first; p < window.length; ++p) {
      const std::vector<double> key = read_row(pool, shape, 0, kv_head, p);
      double dot = 0;
      for (size_t d = 0; d < dim; ++d) dot += static_cast<double>(queries[h * dim + d]) * key[d];
      scores.push_back(dot / std::sqrt(static_cast<double>(dim)));
      maximum = std::fmax(maximum, scores.back());
    }
    double sum = 0;
    std::vector<double> out(dim, 0.0);
    for (int32_t p = window.first; p < window.length; ++p) {
      const double weight = std::exp(scores[static_cast<size_t>(p - window.first)] - maximum);
      const std::vector<double> value = read_row(pool, shape, 1, kv_head, p);
      sum += weight;
      for (size_t d = 0; d < dim; ++d) out[d] += weight * value[d];
    }
    for (size_t d = 0; d < dim; ++d) {
      const double expected = sum == 0 ? 0 : out[d] / sum;
      const double bound = 6.0 * (1e-4 + (window.length - window.first) * 0x1p-24);
      EXPECT(std::fabs(expected - static_cast<double>(actual[h * dim + d])) <= bound);
    }
  }
}

void walk(const KernelTable& table, const Shape& shape, int32_t group, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const int64_t width = int64_t{shape.positions} * shape.kv_heads * shape.head_dim;
  const std::vector<float> keys = random.gaussians(width);
  const std::vector<float> values = random.gaussians(width);
  Pool pool(shape);
  Pool other(shape);
  pool.write(reference, keys, values);
  other.write(table, keys, values);
  EXPECT(pool.bytes() == other.bytes());

  const std::vector<float> queries = random.gaussians(int64_t{group} * shape.head_dim);
  const int32_t head = shape.kv_heads - 1;
  std::vector<Window> windows = {{0, 0}, {5, 5}, {0, 1}, {0, 2}, {3, 17}, {15, 33}};
  for (const int32_t border : {16, 32, 1023, 1024, 1025, 1040, 2048, 2049, shape.positions}) {
    if (border > shape.positions) continue;
    windows.push_back({0, border});
    windows.push_back({border / 2 + 1, border});
    windows.push_back({border - 1, border});
  }
  for (const Window& window : windows) {
    if (window.length > shape.positions) continue;
    const std::vector<float> expected = attend(reference, pool, queries, head, window);
    const std::vector<float> actual = attend(table, pool, queries, head, window);
    expect_same(actual, expected,
                std::string(table.name) + " attention, type " +
                    std::to_string(static_cast<int>(shape.type)) + ", head_dim " +
                    std::to_string(shape.head_dim) + ", group " + std::to_string(group) +
                    ", positions " + std::to_string(window.first) + ".." +
                    std::to_string(window.length));
    if (window.length <= 64) compare_exact(pool, shape, queries, head, window, expected);
  }
  const Window all = {0, shape.positions};
  compare_exact(pool, shape, queries, head, all, attend(table, pool, queries, head, all));
}

// Infinities and NaN in a query, key or value reach the output as IEEE says, in every table alike.
void walk_special(const KernelTable& table, KvType type, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const Shape shape = {type, 1, 20, 8, 40};
  const float inf = std::numeric_limits<float>::infinity();
  for (const float special : {inf, -inf, std::nanf(""), 3e38f, 1e-42f, -0.0f}) {
    for (int place = 0; place < 3; ++place) {
      std::vector<float> keys = random.gaussians(40 * 20);
      std::vector<float> values = random.gaussians(40 * 20);
      std::vector<float> queries = random.gaussians(3 * 20);
      (place == 0 ? keys : place == 1 ? values : queries)[27] = special;
      Pool pool(shape);
      Pool other(shape);
      pool.write(reference, keys, values);
      other.write(table, keys, values);
      if (special == special) EXPECT(pool.bytes() == other.bytes());
      expect_same(attend(table, pool, queries, 0, {0, 40}),
                  attend(reference, pool, queries, 0, {0, 40}), "attention with special values");
    }
  }
}

}  // namespace

int main() {
  for (const InstructionSet set : {InstructionSet::kReference, InstructionSet::kAvx2}) {
    const KernelTable* table = kernel_table(set);
    if (table == nullptr) {
      std::printf("skipped: this processor has no AVX2\n");
      continue;
    }
    Random random(11);
    for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
      for (const int32_t head_dim : {8, 20, 33, 64, 80}) {
        for (const int32_t group : {1, 2, 3, 4, 6}) {
          walk(*table, {type, 2, head_dim, 16, 70}, group, random);
        }
      }
      walk(*table, {type, 1, 64, 16, 2100}, 4, random);
      walk(*table, {type, 2, 48, 7, 1100}, 1, random);
      walk(*table, {type, 1, 128, 32, 1100}, 7, random);
      walk_special(*table, type, random);
    }
  }
  return result();
}
