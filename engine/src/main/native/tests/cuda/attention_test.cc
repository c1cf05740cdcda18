// Compares attention on the emulated device with the reference kernel, bit by bit: steps of one and
// of many sequences, at borders of blocks, segments, windows and tiles, in all orders of fibers.
#include "cuda/kernels/attention.h"

#include <algorithm>
#include <limits>

#include "cpu/kernel_dispatch.h"
#include "tests/expect.h"
#include "tests/kernel_check.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::cuda;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kBlock = kKvBlockPositions;
constexpr int32_t kMultiprocessors = 2;  // fewer blocks than there is work for
constexpr float kUntouched = -7.25f;

struct Heads {
  KvType type;
  int32_t kv_heads;
  int32_t group;
  int32_t head_dim;
  int32_t window = 0;
  float soft_cap = 0.0f;

  int32_t head_count() const { return kv_heads * group; }
  std::string text() const {
    return "type " + std::to_string(static_cast<int>(type)) + ", " + std::to_string(kv_heads) +
           " heads of " + std::to_string(head_dim) + ", group " + std::to_string(group) +
           ", window " + std::to_string(window) + ", soft cap " + std::to_string(soft_cap);
  }
};

// The last `tokens` of `context` positions.
struct Part {
  int32_t tokens;
  int32_t context;
};

// Sequences in a cache whose unwritten bytes are all NaN, and a step over them.
class Step {
 public:
  Step(const Heads& heads, const std::vector<Part>& parts, Random& random)
      : heads_(heads), parts_(parts) {
    int32_t blocks = 3;  // some are of nobody
    for (const Part& part : parts) {
      stride_ = std::max<int64_t>(stride_, (part.context + kBlock - 1) / kBlock);
      blocks += (part.context + kBlock - 1) / kBlock;
    }
    const int64_t part_bytes = kv_part_bytes(heads.type, heads.head_dim);
    pool_ = AlignedArray<std::byte>(blocks * 2 * heads.kv_heads * part_bytes);
    std::fill_n(pool_.data(), pool_.size(), std::byte{0xff});
    kv_ = {heads.type, pool_.data(), part_bytes, heads.kv_heads, heads.head_dim};
    // Of two KV groups, of which the second is read. What no block stands in is out of bounds.
    tables_.assign(2 * (parts.size() + 1) * static_cast<size_t>(stride_), 1 << 29);
    int32_t next = blocks - 1;
    for (size_t s = 0; s < parts.size(); ++s) {
      first_tokens_.push_back(num_tokens_);
      token_counts_.push_back(parts[s].tokens);
      contexts_.push_back(parts[s].context);
      num_tokens_ += parts[s].tokens;
      write(s, next, random);
    }
    queries_ = random.gaussians(int64_t{num_tokens_} * width());
    num_sequences_ = static_cast<int32_t>(parts.size());
  }

  int64_t width() const { return int64_t{heads_.head_count()} * heads_.head_dim; }
  std::vector<float>& queries() { return queries_; }

  // What the reference gives, [num_tokens, head_count * head_dim].
  std::vector<float> expected() const {
    std::vector<float> output(queries_.size(), kUntouched);
    AlignedArray<float> scratch(attention_scratch_floats(heads_.group, heads_.head_dim));
    for (size_t s = 0; s < parts_.size(); ++s) {
      for (int32_t t = 0; t < parts_[s].tokens; ++t) {
        for (int32_t h = 0; h < heads_.kv_heads; ++h) {
          const int64_t at =
              (first_tokens_[s] + t) * width() + int64_t{h} * heads_.group * heads_.head_dim;
          AttentionTask task;
          task.kv = &kv_;
          task.block_table = table(s);
          task.kv_head = h;
          task.position = parts_[s].context - parts_[s].tokens + t;
          task.num_tokens = 1;
          task.window = heads_.window;
          task.group_size = heads_.group;
          task.token_stride = width();
          task.queries = queries_.data() + at;
          task.scale = scale();
          task.scratch = scratch.data();
          task.output = output.data() + at;
          task.soft_cap = heads_.soft_cap;
          kernel_table(InstructionSet::kReference)->attention(task);
        }
      }
    }
    return output;
  }

  std::vector<float> actual(cudaStream_t stream) const {
    AlignedArray<float> queries(static_cast<int64_t>(queries_.size()));
    AlignedArray<float> output(queries.size() + 16);
    std::copy(queries_.begin(), queries_.end(), queries.data());
    std::fill_n(output.data(), output.size(), kUntouched);
    AttentionShape shape = {num_sequences_ + 1, num_tokens_, 1, 1};
    for (const Part& part : parts_) {
      shape.max_context = std::max(shape.max_context, part.context);
      shape.longest = std::max(shape.longest, part.tokens);
    }
    AlignedArray<std::byte> scratch(
        attention_scratch_bytes(shape, kMultiprocessors, heads_.head_count(), heads_.head_dim));
    std::fill_n(scratch.data(), scratch.size(), std::byte{0xff});
    DeviceStep step = {};
    step.num_tokens = &num_tokens_;
    step.num_sequences = &num_sequences_;
    step.first_tokens = first_tokens_.data();
    step.token_counts = token_counts_.data();
    step.context_lengths = contexts_.data();
    step.block_tables = tables_.data();
    step.table_sequences = num_sequences_ + 1;
    step.blocks_per_sequence = stride_;
    AttentionRows rows = {};
    rows.kv = kv_;
    rows.kv_group = 1;
    rows.window = heads_.window;
    rows.queries = queries.data();
    rows.output = output.data();
    rows.scale = scale();
    rows.soft_cap = heads_.soft_cap;
    launch_attention({stream, kMultiprocessors, shape, scratch.data(),
                      static_cast<int64_t>(emulation::shared_limit())},
                     step, rows, heads_.head_count());
    EXPECT_EQUAL(cudaStreamSynchronize(stream), cudaSuccess);
    for (int64_t i = queries.size(); i < output.size(); ++i) EXPECT_EQUAL(output[i], kUntouched);
    return {output.data(), output.data() + queries.size()};
  }

  // A step of one of the sequences, over the same cache.
  Step alone(size_t s) const {
    Step one;
    one.heads_ = heads_;
    one.parts_ = {parts_[s]};
    one.kv_ = kv_;
    one.stride_ = stride_;
    one.tables_.assign(static_cast<size_t>(4 * stride_), 1 << 29);
    std::copy_n(table(s), stride_, one.tables_.begin() + 2 * stride_);
    one.first_tokens_ = {0};
    one.token_counts_ = {parts_[s].tokens};
    one.contexts_ = {parts_[s].context};
    one.num_tokens_ = parts_[s].tokens;
    one.num_sequences_ = 1;
    const auto first = queries_.begin() + first_tokens_[s] * width();
    one.queries_.assign(first, first + parts_[s].tokens * width());
    return one;
  }
  int64_t first_element(size_t s) const { return first_tokens_[s] * width(); }

 private:
  Step() = default;

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(heads_.head_dim)); }
  const int32_t* table(size_t s) const {
    return tables_.data() + static_cast<int64_t>(parts_.size() + 1 + s) * stride_;
  }

  // Positions before the window are of no block, as those of blocks that were given back.
  void write(size_t s, int32_t& next, Random& random) {
    const Part& part = parts_[s];
    int32_t* table = tables_.data() + static_cast<int64_t>(parts_.size() + 1 + s) * stride_;
    const int32_t first =
        heads_.window == 0 ? 0 : std::max(0, part.context - part.tokens + 1 - heads_.window);
    for (int32_t p = first; p < part.context; ++p) {
      if (p == first || p % kBlock == 0) table[p / kBlock] = next--;
      const int64_t slot = int64_t{table[p / kBlock]} * kBlock + p % kBlock;
      const int64_t count = int64_t{heads_.kv_heads} * heads_.head_dim;
      const std::vector<float> keys = random.gaussians(count);
      const std::vector<float> values = random.gaussians(count);
      kernel_table(InstructionSet::kReference)->kv_write(kv_, slot, keys.data(), values.data());
    }
  }

  Heads heads_;
  std::vector<Part> parts_;
  AlignedArray<std::byte> pool_{0};
  KvLayer kv_;
  int64_t stride_ = 1;
  std::vector<int32_t> tables_;
  std::vector<int32_t> first_tokens_;
  std::vector<int32_t> token_counts_;
  std::vector<int32_t> contexts_;
  int32_t num_tokens_ = 0;
  int32_t num_sequences_ = 0;
  std::vector<float> queries_;
};

void check(cudaStream_t stream, const Heads& heads, const std::vector<Part>& parts,
           Random& random) {
  const Step step(heads, parts, random);
  const std::vector<float> expected = step.expected();
  expect_same(step.actual(stream), expected, heads.text());
  if (parts.size() == 1) return;
  for (size_t s = 0; s < parts.size(); ++s) {
    const auto first = expected.begin() + step.first_element(s);
    expect_same(step.alone(s).actual(stream), {first, first + parts[s].tokens * step.width()},
                heads.text() + ", alone sequence " + std::to_string(s));
  }
}

void walk_shapes(cudaStream_t stream, KvType type, Random& random) {
  for (const int32_t head_dim : {8, 24, 64, 80, 96, 128, 256}) {
    check(stream, {type, 1, 2, head_dim}, {{1, 1}, {1, 17}, {3, 40}, {41, 70}}, random);
  }
  for (const int32_t group : {1, 3, 4, 5, 7, 8, 11, 16, 20, 71}) {
    check(stream, {type, 2, group, 16}, {{1, 33}, {2, 16}, {70 / group + 2, 75}}, random);
  }
}

// Devices that give a block less shared memory take fewer rows at once, and refuse heads that are
// too wide.
void walk_small_device(cudaStream_t stream, KvType type, Random& random) {
  constexpr size_t kLess = 99 * 1024;  // sm_86, sm_89, sm_120
  emulation::set_shared_limit(kLess);
  for (const int32_t head_dim : {64, 128, 176, 256}) {
    const bool takes = is_attention_head(head_dim, type, kLess);
    EXPECT_EQUAL(takes, head_dim < 256 || type != KvType::kFloat32);
    EXPECT(is_attention_head(head_dim, type, kSm80SharedBytes));
    for (const int32_t group : {1, 3, 5, 8, 20}) {
      if (!takes) break;
      check(stream, {type, 1, group, head_dim}, {{1, 33}, {2, 20}, {4, 40}, {70 / group, 75}},
            random);
    }
  }
  for (const int32_t head_dim : {0, 4, 12, 264}) EXPECT(!is_attention_head(head_dim, type, kLess));
  emulation::set_shared_limit(227 * 1024);
}

// One token, few rows, and many, at borders of segments and of windows.
void walk_lengths(cudaStream_t stream, KvType type, Random& random) {
  for (const int32_t context : {1023, 1024, 1025, 2049, 2100}) {
    check(stream, {type, 1, 2, 16}, {{1, context}, {2, context}, {40, context}}, random);
  }
  for (const int32_t window : {1, 5, 16, 1000, 1024, 1030}) {
    check(stream, {type, 1, 2, 16, window}, {{1, 2060}, {3, 1026}, {5, 2080}, {45, 1050}}, random);
  }
  // Several turns of blocks over the items of several sequences.
  check(stream, {type, 2, 4, 16}, {{100, 110}, {1, 1030}, {40, 1060}, {1, 2050}}, random);
  check(stream, {type, 1, 4, 16, 40, 1.5f}, {{1, 1060}, {2, 30}, {30, 1044}}, random);
  check(stream, {type, 1, 1, 16, 0, 20.0f}, {{1, 1060}, {2, 30}, {70, 1044}}, random);
}

// NaN and infinities in a query reach its own rows alone; scores that are all -infinity leave
// nothing to weigh.
void walk_special(cudaStream_t stream, KvType type, Random& random) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float special : {infinity, -infinity, std::nanf(""), 3e38f, 1e-42f, -0.0f}) {
    Step step({type, 1, 2, 16}, {{1, 20}, {2, 33}, {40, 41}, {1, 1030}}, random);
    for (size_t i = 3; i < step.queries().size(); i += 77) step.queries()[i] = special;
    expect_same(step.actual(stream), step.expected(), "attention with special queries");
  }
}

}  // namespace

int main() {
  cudaStream_t stream;
  EXPECT_EQUAL(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  Random random(23);
  for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
    walk_shapes(stream, type, random);
    walk_small_device(stream, type, random);
    walk_lengths(stream, type, random);
    walk_special(stream, type, random);
    for (const auto order : {emulation::FiberOrder::kBackward, emulation::FiberOrder::kScattered}) {
      emulation::set_fiber_order(order);
      check(stream, {type, 2, 3, 72}, {{1, 1040}, {4, 40}, {50, 1060}}, random);
      check(stream, {type, 1, 2, 136}, {{1, 90}, {70, 100}}, random);
    }
    emulation::set_fiber_order(emulation::FiberOrder::kForward);
  }
  EXPECT_EQUAL(cudaStreamDestroy(stream), cudaSuccess);
  return result();
}
