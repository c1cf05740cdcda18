// Walks KV writes and attention of every table against the reference, bit by bit, and the reference
// against a computation in float64.
#include <cstdio>
#include <limits>

#include "base/aligned_array.h"
#include "base/half.h"
#include "cpu/kernel_dispatch.h"
#include "tests/instruction_sets.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kBlock = kKvBlockPositions;
constexpr float kUntouched = -1.0f;

struct Shape {
  KvType type;
  int32_t kv_heads;
  int32_t head_dim;
  int32_t positions;
};

// A pool whose blocks a sequence holds in a scrambled order. Every byte that is not written is
// `filler`: 0xff makes NaNs of all types, 0x7c halves that are infinite or nearly.
class Pool {
 public:
  explicit Pool(const Shape& shape, std::byte filler = std::byte{0xff})
      : shape_(shape), part_bytes_(kv_part_bytes(shape.type, shape.head_dim)) {
    const int32_t blocks = (shape.positions + kBlock - 1) / kBlock;
    for (int32_t b = 0; b < blocks; ++b) table_.push_back((b * 7 + 3) % (blocks + 5));
    // Steps of 7 visit every block once, unless 7 divides their number.
    if ((blocks + 5) % 7 == 0) {
      for (int32_t b = 0; b < blocks; ++b) table_[static_cast<size_t>(b)] = blocks + 4 - b;
    }
    data_.resize(static_cast<size_t>((blocks + 5) * 2 * shape.kv_heads * part_bytes_), filler);
  }

  KvLayer layer() {
    return {shape_.type, data_.data(), part_bytes_, shape_.kv_heads, shape_.head_dim};
  }

  void write(const KernelTable& table, const std::vector<float>& keys,
             const std::vector<float>& values) {
    const KvLayer kv = layer();
    const int64_t width = int64_t{shape_.kv_heads} * shape_.head_dim;
    for (int64_t p = 0; p < shape_.positions; ++p) {
      const int64_t block = table_[static_cast<size_t>(p / kBlock)];
      const int64_t slot = block * kBlock + p % kBlock;
      table.kv_write(kv, slot, keys.data() + p * width, values.data() + p * width);
    }
  }

  // One position of one head in float64, as an independent reader sees it. side 0 is the keys.
  std::vector<double> read(int side, int32_t head, int32_t p) const {
    const int64_t block = table_[static_cast<size_t>(p / kBlock)];
    const std::byte* part =
        data_.data() + ((block * 2 + side) * shape_.kv_heads + head) * part_bytes_;
    std::vector<double> out;
    for (int32_t d = 0; d < shape_.head_dim; ++d) {
      const int64_t i = side == 0 ? d * kBlock + p % kBlock : p % kBlock * shape_.head_dim + d;
      if (shape_.type == KvType::kInt8) {
        float scale;
        std::memcpy(&scale, part + 4 * (p % kBlock), sizeof(scale));
        out.push_back(static_cast<double>(scale) * static_cast<int8_t>(part[4 * kBlock + i]));
      } else if (shape_.type == KvType::kFloat16) {
        uint16_t half;
        std::memcpy(&half, part + 2 * i, sizeof(half));
        out.push_back(half_to_float(half));
      } else {
        float value;
        std::memcpy(&value, part + 4 * i, sizeof(value));
        out.push_back(value);
      }
    }
    return out;
  }

  const Shape& shape() const { return shape_; }
  const std::vector<int32_t>& table() const { return table_; }
  const std::vector<std::byte>& bytes() const { return data_; }

 private:
  Shape shape_;
  int64_t part_bytes_;
  std::vector<int32_t> table_;
  std::vector<std::byte> data_;
};

// Neighbouring tokens with `group` query heads each.
struct Tokens {
  int32_t position;
  int32_t count;
  int32_t window;
  int32_t group;
  float soft_cap = 0.0f;

  int32_t first_position(int32_t token) const {
    return window == 0 ? 0 : std::max(0, position + token + 1 - window);
  }
  std::string text() const {
    return std::to_string(count) + " tokens from " + std::to_string(position) + ", window " +
           std::to_string(window) + ", group " + std::to_string(group) + ", soft cap " +
           std::to_string(soft_cap);
  }
};

// Attends with the last KV head. queries is [count, group, head_dim], and so is the result.
std::vector<float> attend(const KernelTable& table, Pool& pool, const std::vector<float>& queries,
                          const Tokens& tokens) {
  const KvLayer kv = pool.layer();
  const int64_t width = int64_t{tokens.group} * kv.head_dim;
  const int64_t stride = width + 5;  // a token's other heads
  std::vector<float> spread(static_cast<size_t>(stride * tokens.count), 1e30f);
  for (int64_t i = 0; i < width * tokens.count; ++i) {
    spread[static_cast<size_t>(i / width * stride + i % width)] = queries[static_cast<size_t>(i)];
  }
  std::vector<float> output(spread.size(), kUntouched);
  AlignedArray<float> scratch(
      attention_scratch_floats(int64_t{tokens.count} * tokens.group, kv.head_dim));
  for (int64_t i = 0; i < scratch.size(); ++i) {
    scratch[i] = std::numeric_limits<float>::quiet_NaN();
  }
  AttentionTask task;
  task.kv = &kv;
  task.block_table = pool.table().data();
  task.kv_head = kv.kv_heads - 1;
  task.position = tokens.position;
  task.num_tokens = tokens.count;
  task.window = tokens.window;
  task.group_size = tokens.group;
  task.token_stride = stride;
  task.queries = spread.data();
  task.scale = 1.0f / std::sqrt(static_cast<float>(kv.head_dim));
  task.scratch = scratch.data();
  task.output = output.data();
  task.soft_cap = tokens.soft_cap;
  table.attention(task);
  std::vector<float> packed;
  for (int64_t i = 0; i < stride * tokens.count; ++i) {
    const float value = output[static_cast<size_t>(i)];
    if (i % stride < width) {
      packed.push_back(value);
    } else {
      EXPECT_EQUAL(value, kUntouched);
    }
  }
  return packed;
}

// Softmax attention in float64. With |q| and |k| of a few units per element, scores carry an error
// of at most head_dim * 2^-24 * sum |q k| / sqrt(head_dim) < 2e-4, and weights and output as much
// relative to the largest |value|; the chain over n positions adds n * 2^-24, a soft cap a relative
// error of 8 * 2^-24 to each score.
void compare_exact(const Pool& pool, const std::vector<float>& queries, const Tokens& tokens,
                   const std::vector<float>& actual) {
  const Shape& shape = pool.shape();
  const size_t dim = static_cast<size_t>(shape.head_dim);
  const int32_t head = shape.kv_heads - 1;
  for (size_t row = 0; row < queries.size() / dim; ++row) {
    const int32_t token = static_cast<int32_t>(row) / tokens.group;
    const int32_t first = tokens.first_position(token);
    const int32_t end = tokens.position + token + 1;
    std::vector<double> scores;
    double maximum = -1e300;
    for (int32_t p = first; p < end; ++p) {
      const std::vector<double> key = pool.read(0, head, p);
      double dot = 0;
      for (size_t d = 0; d < dim; ++d) dot += static_cast<double>(queries[row * dim + d]) * key[d];
      scores.push_back(dot / std::sqrt(static_cast<double>(dim)));
      if (tokens.soft_cap != 0.0f) {
        const double cap = static_cast<double>(tokens.soft_cap);
        scores.back() = cap * std::tanh(scores.back() / cap);
      }
      maximum = std::fmax(maximum, scores.back());
    }
    double sum = 0;
    std::vector<double> out(dim, 0.0);
    for (int32_t p = first; p < end; ++p) {
      const double weight = std::exp(scores[static_cast<size_t>(p - first)] - maximum);
      const std::vector<double> value = pool.read(1, head, p);
      sum += weight;
      for (size_t d = 0; d < dim; ++d) out[d] += weight * value[d];
    }
    const double bound = 6.0 * (2e-4 + (end - first + 8 * tokens.soft_cap) * 0x1p-24);
    for (size_t d = 0; d < dim; ++d) {
      EXPECT(std::fabs(out[d] / sum - static_cast<double>(actual[row * dim + d])) <= bound);
    }
  }
}

// A sequence in the cache: written by the reference and by a table, and by the table into a pool
// that held other bytes.
struct Sequence {
  std::vector<float> keys;
  std::vector<float> values;
  Pool expected;
  Pool actual;
  Pool other_filler;

  Sequence(const KernelTable& table, const Shape& shape, Random& random)
      : keys(random.gaussians(int64_t{shape.positions} * shape.kv_heads * shape.head_dim)),
        values(random.gaussians(int64_t{shape.positions} * shape.kv_heads * shape.head_dim)),
        expected(shape),
        actual(shape),
        other_filler(shape, std::byte{0x7c}) {
    expected.write(*kernel_table(InstructionSet::kReference), keys, values);
    actual.write(table, keys, values);
    other_filler.write(table, keys, values);
    EXPECT(expected.bytes() == actual.bytes());
  }
};

void check(const KernelTable& table, Sequence& sequence, const Tokens& tokens, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const Shape& shape = sequence.expected.shape();
  const int64_t width = int64_t{tokens.group} * shape.head_dim;
  const std::vector<float> queries = random.gaussians(tokens.count * width);
  const std::vector<float> expected = attend(reference, sequence.expected, queries, tokens);
  const std::vector<float> actual = attend(table, sequence.actual, queries, tokens);
  const std::string what = std::string(table.name) + " attention, type " +
                           std::to_string(static_cast<int>(shape.type)) + ", head_dim " +
                           std::to_string(shape.head_dim) + ", " + tokens.text();
  expect_same(actual, expected, what);
  expect_same(attend(table, sequence.other_filler, queries, tokens), expected, what + ", filler");
  for (int32_t t = 0; t < tokens.count && tokens.count > 1; ++t) {
    const auto first = queries.begin() + t * width;
    const Tokens alone = {tokens.position + t, 1, tokens.window, tokens.group, tokens.soft_cap};
    const auto result = expected.begin() + t * width;
    expect_same(attend(table, sequence.actual, {first, first + width}, alone),
                {result, result + width}, what + ", alone token " + std::to_string(t));
  }
  if (&table == &reference) compare_exact(sequence.expected, queries, tokens, expected);
}

void walk_shapes(const KernelTable& table, KvType type, Random& random) {
  for (const int32_t head_dim : {1, 8, 20, 48, 64, 80, 100, 128, 256}) {
    Sequence sequence(table, {type, 2, head_dim, 70}, random);
    for (int32_t group = 1; group <= 8; ++group) {
      check(table, sequence, {69, 1, 0, group}, random);
      check(table, sequence, {60 - group, 3, 0, group}, random);
    }
    check(table, sequence, {0, 9, 0, 3}, random);
    check(table, sequence, {0, 1, 0, 2}, random);
    check(table, sequence, {15, 17, 0, 1}, random);
    check(table, sequence, {45, 25, 0, 1}, random);
    check(table, sequence, {30, 9, 5, 1}, random);
    check(table, sequence, {30, 9, 16, 5}, random);
    check(table, sequence, {5, 20, 12, 2}, random);
    check(table, sequence, {5, 20, 12, 2, 1.5f}, random);
    check(table, sequence, {69, 1, 0, 5, 50.0f}, random);
  }
}

void walk_lengths(const KernelTable& table, KvType type, Random& random) {
  Sequence sequence(table, {type, 1, 64, 2100}, random);
  for (const int32_t end : {1023, 1024, 1025, 1040, 2048, 2049, 2100}) {
    check(table, sequence, {end - 1, 1, 0, 4}, random);
    check(table, sequence, {end - 1, 1, end / 2, 3}, random);
    check(table, sequence, {end - 9, 9, 0, 1}, random);
    check(table, sequence, {end - 9, 9, 1020, 2}, random);
  }
  check(table, sequence, {1020, 12, 3, 1}, random);  // windows of one segment, of both, of the next
  check(table, sequence, {1020, 12, 1024, 1}, random);
  check(table, sequence, {2040, 20, 1, 2}, random);
  check(table, sequence, {2040, 20, 1030, 2, 0.75f}, random);
  Sequence wide(table, {type, 1, 128, 1100}, random);
  check(table, wide, {1090, 8, 0, 7}, random);
}

// Infinities and NaN in a query, key or value reach the output as IEEE says, in every table alike.
void walk_special(const KernelTable& table, KvType type, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const Shape shape = {type, 1, 20, 40};
  const float inf = std::numeric_limits<float>::infinity();
  for (const float special : {inf, -inf, std::nanf(""), 3e38f, 1e-42f, -0.0f}) {
    for (int place = 0; place < 3; ++place) {
      std::vector<float> keys = random.gaussians(40 * 20);
      std::vector<float> values = random.gaussians(40 * 20);
      std::vector<float> queries = random.gaussians(3 * 4 * 20);
      (place == 0 ? keys : place == 1 ? values : queries)[37 * 20 % queries.size() + 7] = special;
      Pool pool(shape);
      Pool other(shape);
      pool.write(reference, keys, values);
      other.write(table, keys, values);
      if (special == special) EXPECT(pool.bytes() == other.bytes());
      for (const Tokens& tokens : {Tokens{36, 4, 0, 3}, Tokens{36, 4, 0, 3, 2.0f}}) {
        expect_same(attend(table, other, queries, tokens), attend(reference, pool, queries, tokens),
                    "attention with special values");
      }
    }
  }
}

// Scores that are all -inf leave nothing to weigh; rows too small for codes are zeros; a query of
// zeros weighs all alike.
void walk_extremes(const KernelTable& table, KvType type, Random& random) {
  const KernelTable& reference = *kernel_table(InstructionSet::kReference);
  const Shape shape = {type, 1, 20, 40};
  for (const float key : {1.0f, 1e-30f, 5e-31f, 1e-31f, 1e-38f, 1e-42f, 0.0f, -0.0f}) {
    const std::vector<float> keys(40 * 20, key);
    const std::vector<float> values = random.gaussians(40 * 20, key);
    Pool pool(shape);
    Pool other(shape);
    pool.write(reference, keys, values);
    other.write(table, keys, values);
    EXPECT(pool.bytes() == other.bytes());
    for (const float query : {-std::numeric_limits<float>::infinity(), 0.0f, -0.0f, 1e30f}) {
      std::vector<float> queries(4 * 3 * 20, query);
      for (size_t i = 20; i < 40; ++i) queries[i] = random.gaussian();  // the second row is usual
      for (const Tokens& tokens : {Tokens{30, 4, 0, 3}, Tokens{30, 4, 0, 3, 2.0f}}) {
        expect_same(attend(table, other, queries, tokens), attend(reference, pool, queries, tokens),
                    "attention with extreme scores");
      }
    }
  }
}

// What stands at later positions does not reach a token, not even its sign of zero.
void walk_future(const KernelTable& table, KvType type, Random& random) {
  const Shape shape = {type, 1, 20, 48};
  std::vector<float> keys = random.gaussians(48 * 20);
  std::vector<float> values(48 * 20, -0.0f);
  const std::vector<float> queries = random.gaussians(8 * 2 * 20);
  const Tokens tokens = {30, 8, 0, 2};
  Pool now(shape);
  now.write(table, keys, values);
  for (size_t i = 31 * 20; i < keys.size(); ++i) {
    keys[i] = std::nanf("");
    values[i] = std::numeric_limits<float>::infinity();
  }
  Pool later(shape);
  later.write(table, keys, values);
  const std::vector<float> expected = attend(table, now, queries, tokens);
  const std::vector<float> actual = attend(table, later, queries, tokens);
  for (size_t i = 0; i < 2 * 20; ++i) EXPECT(same_bits(actual[i], expected[i]));
  for (size_t i = 2 * 20; i < actual.size(); ++i) EXPECT(std::isnan(actual[i]));
}

// Keys and values of other positions are left as they are, whatever the order of writing.
void walk_writes(const KernelTable& table, KvType type, Random& random) {
  const Shape shape = {type, 2, 20, kBlock};
  Pool pool(shape);
  const std::vector<float> keys = random.gaussians(2 * 20);
  const std::vector<float> values = random.gaussians(2 * 20);
  table.kv_write(pool.layer(), int64_t{pool.table()[0]} * kBlock + 5, keys.data(), values.data());
  size_t changed = 0;
  for (const std::byte byte : pool.bytes()) changed += byte != std::byte{0xff};
  const size_t elements = 2 * 2 * 20;
  const size_t size = type == KvType::kFloat32 ? 4 : type == KvType::kFloat16 ? 2 : 1;
  EXPECT(changed <= elements * size + (type == KvType::kInt8 ? 2 * 2 * 4 : 0));
  EXPECT(changed >= elements * size / 2);
}

}  // namespace

int main() {
  for (const NamedInstructionSet& named : kInstructionSets) {
    const KernelTable* table = table_or_skip(named);
    if (table == nullptr) continue;
    Random random(11);
    for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
      walk_shapes(*table, type, random);
      walk_lengths(*table, type, random);
      walk_special(*table, type, random);
      walk_extremes(*table, type, random);
      walk_future(*table, type, random);
      walk_writes(*table, type, random);
    }
  }
  return result();
}
