// Compares every operation of the device's backend with the processor's, by the reference kernels:
// the same bits.
//   backend_test [LIBRARY]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "cpu/host_backend.h"
#include "cpu/kernel_dispatch.h"
#include "tests/cuda/tested_device.h"
#include "tests/expect.h"
#include "tests/kernel_check.h"
#include "tests/packed_weights.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kHeads = 4;
constexpr int32_t kKvHeads = 2;

// The two backends, and numbers that lie in both.
class Both {
 public:
  struct Floats {
    float* host;
    float* device;
    int64_t count;
  };

  Both(Device& device, const BackendCapacity& capacity)
      : pool_(static_cast<int>(std::max(std::thread::hardware_concurrency(), 1u))),
        host_(*kernel_table(InstructionSet::kReference), pool_, capacity),
        device_(device.make_backend(capacity)) {
    if (device_ == nullptr) {
      std::fprintf(stderr, "no backend: %s\n", device.failure().message);
      std::exit(1);
    }
  }

  HostBackend& host() { return host_; }
  Backend& device() { return *device_; }

  // Calls use(backend, which) for both.
  template <typename Use>
  void each(const Use& use) {
    use(static_cast<Backend&>(host_), 0);
    use(*device_, 1);
  }

  Floats floats(const std::vector<float>& values) {
    const auto bytes = static_cast<int64_t>(values.size() * sizeof(float));
    void* host = host_.allocate(bytes);
    std::memcpy(host, values.data(), static_cast<size_t>(bytes));
    auto* device = const_cast<void*>(device_->place_bytes(values.data(), bytes));
    return {static_cast<float*>(host), static_cast<float*>(device),
            static_cast<int64_t>(values.size())};
  }

  Floats zeros(int64_t count) { return floats(std::vector<float>(static_cast<size_t>(count))); }

  void expect_same_floats(const Floats& values, const std::string& what) {
    const auto* read = static_cast<const float*>(
        device_->read(values.device, values.count * static_cast<int64_t>(sizeof(float))));
    expect_same(std::vector<float>(read, read + values.count),
                std::vector<float>(values.host, values.host + values.count), what);
    EXPECT(device_->finish().kind == BackendFailure::Kind::kNone);
  }

  void expect_same_bytes(const void* host, void* device, int64_t bytes, const std::string& what) {
    if (std::memcmp(host, device_->read(device, bytes), static_cast<size_t>(bytes)) != 0) {
      std::fprintf(stderr, "%s: bytes differ\n", what.c_str());
      ++failures;
    }
  }

 private:
  ThreadPool pool_;
  HostBackend host_;
  std::unique_ptr<Backend> device_;
};

float* of(const Both::Floats& values, int which) {
  return which == 0 ? values.host : values.device;
}

// A step of sequences, each with a share of the pool, in blocks that lie scattered.
class TestStep {
 public:
  struct Sequence {
    int32_t tokens;
    int32_t context;
  };

  TestStep(const std::vector<Sequence>& sequences, int64_t blocks_per_sequence)
      : blocks_per_sequence_(blocks_per_sequence),
        table_(sequences.size() * static_cast<size_t>(blocks_per_sequence)) {
    const auto blocks = static_cast<int64_t>(table_.size());
    for (int64_t i = 0; i < blocks; ++i) {
      // 7 shares no divisor with the counts that tests have.
      table_[static_cast<size_t>(i)] = static_cast<int32_t>(i * 7 % blocks);
    }
    for (const Sequence& sequence : sequences) {
      const auto s = static_cast<int64_t>(first_.size());
      first_.push_back(static_cast<int32_t>(ids_.size()));
      counts_.push_back(sequence.tokens);
      contexts_.push_back(sequence.context);
      for (int32_t i = 0; i < sequence.tokens; ++i) {
        const int32_t position = sequence.context - sequence.tokens + i;
        // The fourth is not known.
        ids_.push_back(ids_.size() == 3 ? -1 : static_cast<int32_t>(ids_.size() * 5 % 16));
        positions_.push_back(position);
        slots_.push_back(slot(s, position));
      }
    }
  }

  int32_t slot(int64_t sequence, int64_t position) const {
    const auto at =
        static_cast<size_t>(sequence * blocks_per_sequence_ + position / kKvBlockPositions);
    return static_cast<int32_t>(table_[at] * kKvBlockPositions + position % kKvBlockPositions);
  }

  StepInput input() const {
    return {
        .num_tokens = static_cast<int64_t>(ids_.size()),
        .token_ids = ids_.data(),
        .positions = positions_.data(),
        .kv_slots = slots_.data(),
        .kv_slot_stride = static_cast<int64_t>(ids_.size()),
        .kv_groups = 1,
        .num_sequences = static_cast<int64_t>(first_.size()),
        .first_tokens = first_.data(),
        .token_counts = counts_.data(),
        .context_lengths = contexts_.data(),
        .block_tables = table_.data(),
        .table_sequences = static_cast<int64_t>(first_.size()),
        .blocks_per_sequence = blocks_per_sequence_,
    };
  }

 private:
  int64_t blocks_per_sequence_;
  std::vector<int32_t> table_;
  std::vector<int32_t> ids_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> slots_;
  std::vector<int32_t> first_;
  std::vector<int32_t> counts_;
  std::vector<int32_t> contexts_;
};

BackendCapacity capacity_of(int64_t tokens, int64_t columns, int32_t head_dimension,
                            int64_t sequences, int64_t blocks) {
  return {
      .rows = tokens,
      .columns = columns,
      .tokens = tokens,
      .sequences = sequences,
      .kv_groups = 1,
      .blocks_per_sequence = blocks,
      .read_bytes = int64_t{16} << 20,
      .head_count = kHeads,
      .kv_head_count = kKvHeads,
      .head_dimension = head_dimension,
  };
}

// A step whose tokens stand for rows and nothing more.
TestStep rows_step(int64_t rows) {
  return TestStep({{static_cast<int32_t>(rows), static_cast<int32_t>(rows)}},
                  (rows + kKvBlockPositions - 1) / kKvBlockPositions);
}

struct ProductCase {
  int64_t outputs;
  int64_t columns;
  std::vector<int64_t> rows;
};

void check_products(Device& device, TensorType type, const ProductCase& c) {
  Random random(static_cast<uint64_t>(c.outputs * 31 + c.columns));
  const FormatSet formats = [&] {
    const PackedMatrix matrix = {type, nullptr, c.outputs, c.columns};
    return FormatSet::of({&matrix});
  }();
  const std::vector<std::byte> data = random_weights(type, c.outputs * c.columns, true, random);
  const PackedWeights packed(type, data.data(), c.outputs, c.columns);
  for (const int64_t rows : c.rows) {
    Both both(device, capacity_of(rows, c.columns, 64, 1, 64));
    std::vector<float> x = random.gaussians(rows * c.columns);
    if (rows > 2) x[static_cast<size_t>(c.columns)] = std::nanf("");
    const Both::Floats input = both.floats(x);
    const Both::Floats y = both.zeros(rows * c.outputs);
    const Both::Floats second = both.zeros(rows * c.outputs);
    const TestStep step = rows_step(rows);
    both.each([&](Backend& backend, int which) {
      const PackedMatrix matrix = backend.place(packed.matrix());
      backend.begin_step(step.input());
      backend.quantize(of(input, which), c.columns, formats);
      backend.multiply({{&matrix, of(y, which)}, {&matrix, of(second, which)}}, of(input, which),
                       rows);
      backend.finish();
    });
    const std::string what = std::string(tensor_type_name(type)) + " " + std::to_string(c.outputs) +
                             " x " + std::to_string(c.columns) + ", rows " + std::to_string(rows);
    both.expect_same_floats(y, what);
    both.expect_same_floats(second, what + ", second");
  }
}

void check_embedding(Device& device, TensorType type) {
  constexpr int64_t kColumns = 512;
  Random random(3);
  const std::vector<std::byte> data = random_weights(type, 16 * kColumns, true, random);
  const PackedWeights packed(type, data.data(), 16, kColumns);
  for (const float factor : {1.0f, 3.5f}) {
    Both both(device, capacity_of(9, kColumns, 64, 1, 64));
    const Both::Floats rows = both.zeros(9 * kColumns);
    const TestStep step = rows_step(9);
    both.each([&](Backend& backend, int which) {
      const PackedMatrix matrix = backend.place(packed.matrix());
      backend.begin_step(step.input());
      backend.embed(matrix, factor, of(rows, which));
      backend.finish();
    });
    both.expect_same_floats(rows, std::string("embedding ") + tensor_type_name(type));
  }
}

// What add() and prepare() leave is seen in the residual stream, in the normed rows and in products
// of what was quantized.
void check_rows(Device& device, NormKind kind, int64_t columns, int64_t rows) {
  Random random(11);
  Both both(device, capacity_of(rows, columns, 64, 1, 64));
  const PackedWeights block32(TensorType::kQ8_0,
                              random_weights(TensorType::kQ8_0, 16 * columns, true, random).data(),
                              16, columns);
  const PackedWeights block256(TensorType::kQ6_K,
                               random_weights(TensorType::kQ6_K, 16 * columns, true, random).data(),
                               16, columns);
  std::vector<float> stream = random.gaussians(rows * columns, 3.0f);
  stream[0] = 1e30f;
  const Both::Floats residual = both.floats(stream);
  const Both::Floats normed = both.zeros(rows * columns);
  const Both::Floats bias = both.floats(random.gaussians(columns));
  const Both::Floats weight = both.floats(random.gaussians(columns));
  const Both::Floats norm_bias = both.floats(random.gaussians(columns));
  const Both::Floats y32 = both.zeros(rows * 16);
  const Both::Floats y256 = both.zeros(rows * 16);
  const TestStep step = rows_step(rows);
  const bool biased = kind == NormKind::kStandardDeviation;
  const auto check_products_of_them = [&](const std::string& what) {
    both.expect_same_floats(residual, what + ", residual");
    both.expect_same_floats(normed, what + ", normed");
    both.expect_same_floats(y32, what + ", products of 32");
    both.expect_same_floats(y256, what + ", products of 256");
  };
  for (const int turn : {0, 1, 2}) {
    // What was added is left in any state.
    const Both::Floats projected = both.floats(random.gaussians(rows * columns));
    both.each([&](Backend& backend, int which) {
      const RowNorm norm = {kind, 1e-5f, of(weight, which),
                            biased ? of(norm_bias, which) : nullptr};
      const RowPreparation normed_rows = {norm, of(normed, which), {true, true}};
      const RowPreparation as_they_are = {{}, nullptr, {true, true}};
      const PackedMatrix m32 = backend.place(block32.matrix());
      const PackedMatrix m256 = backend.place(block256.matrix());
      backend.begin_step(step.input());
      const float* input = of(normed, which);
      if (turn == 0) {
        backend.prepare(of(residual, which), columns, normed_rows);
      } else if (turn == 1) {
        backend.add_and_prepare(of(projected, which), columns, {of(bias, which), norm},
                                of(residual, which), normed_rows);
      } else {
        backend.add(of(projected, which), columns, {}, of(residual, which));
        backend.prepare(of(residual, which), columns, as_they_are);
        input = of(residual, which);
      }
      backend.multiply({{&m32, of(y32, which)}, {&m256, of(y256, which)}}, input, rows);
      backend.finish();
    });
    check_products_of_them("rows of " + std::to_string(columns) + ", turn " + std::to_string(turn));
  }
  const std::vector<int32_t> some = {static_cast<int32_t>(rows) - 1, 0, 0};
  both.each([&](Backend& backend, int which) {
    const RowNorm norm = {kind, 1e-5f, of(weight, which), biased ? of(norm_bias, which) : nullptr};
    const PackedMatrix m32 = backend.place(block32.matrix());
    backend.begin_step(step.input());
    const auto count = std::min<int64_t>(rows, 3);
    backend.prepare_tokens(some.data(), count, of(residual, which), columns,
                           {norm, of(normed, which), {true, false}});
    backend.multiply({{&m32, of(y32, which)}}, of(normed, which), count);
    backend.soft_cap(of(y32, which), 2.5f, count * 16);
    backend.finish();
  });
  check_products_of_them("chosen rows of " + std::to_string(columns));
}

void check_activation(Device& device, Activation activation, int64_t columns, int64_t rows) {
  Random random(13);
  Both both(device, capacity_of(rows, columns, 64, 1, 64));
  const PackedWeights packed(TensorType::kQ8_0,
                             random_weights(TensorType::kQ8_0, 16 * columns, true, random).data(),
                             16, columns);
  std::vector<float> values = random.gaussians(rows * columns, 4.0f);
  values[1] = -120.0f;
  const Both::Floats gate = both.floats(values);
  const Both::Floats up = both.floats(random.gaussians(rows * columns));
  const Both::Floats y = both.zeros(rows * 16);
  const TestStep step = rows_step(rows);
  both.each([&](Backend& backend, int which) {
    const PackedMatrix matrix = backend.place(packed.matrix());
    backend.begin_step(step.input());
    backend.activate(activation, of(gate, which), of(up, which), columns, {true, false});
    backend.multiply({{&matrix, of(y, which)}}, of(gate, which), rows);
    backend.finish();
  });
  both.expect_same_floats(gate, "activation");
  both.expect_same_floats(y, "products of an activation");
}

struct AttentionCase {
  KvType type;
  int32_t head_dimension;
  int32_t window;
  float soft_cap;
  RopeLayout rope_layout;
  bool biases;
  std::vector<TestStep::Sequence> sequences;
};

int64_t most_blocks(const AttentionCase& c) {
  int32_t longest = 0;
  for (const TestStep::Sequence& sequence : c.sequences) {
    longest = std::max(longest, sequence.context);
  }
  // No multiple of 7, times few sequences.
  const int64_t blocks = longest / kKvBlockPositions + 1;
  return blocks % 7 == 0 ? blocks + 1 : blocks;
}

// Heads are finished, keys and values written for all positions of each sequence, in one step of
// its whole context; then a step of the case's tokens attends.
void check_attention(Device& device, const AttentionCase& c) {
  Random random(17);
  const int64_t blocks = most_blocks(c);
  std::vector<TestStep::Sequence> whole = c.sequences;
  int64_t tokens = 0;
  for (TestStep::Sequence& sequence : whole) {
    sequence.tokens = sequence.context;
    tokens += sequence.context;
  }
  const auto count = static_cast<int64_t>(whole.size());
  Both both(device, capacity_of(tokens, int64_t{kHeads} * c.head_dimension, c.head_dimension, count,
                                blocks));
  const int64_t query_width = int64_t{kHeads} * c.head_dimension;
  const int64_t kv_width = int64_t{kKvHeads} * c.head_dimension;
  const Both::Floats queries = both.floats(random.gaussians(tokens * query_width));
  const Both::Floats keys = both.floats(random.gaussians(tokens * kv_width));
  const Both::Floats values = both.floats(random.gaussians(tokens * kv_width));
  const Both::Floats query_bias = both.floats(random.gaussians(query_width));
  const Both::Floats head_norm = both.floats(random.gaussians(c.head_dimension));
  const Both::Floats kv_norm = both.floats(random.gaussians(kv_width));
  const Both::Floats output = both.zeros(tokens * query_width);
  const int32_t rope = c.head_dimension / 4 * 2;
  const Both::Floats rotations = both.zeros(2 * tokens * rope);
  std::vector<double> frequencies;
  for (int i = 0; i < rope / 2; ++i) frequencies.push_back(std::pow(1e4, -2.0 * i / rope));
  const KvLayer shape = {c.type, nullptr, kv_part_bytes(c.type, c.head_dimension), kKvHeads,
                         c.head_dimension};
  // What was never written is NaN.
  const int64_t pool_bytes = count * blocks * 2 * kKvHeads * shape.part_bytes;
  const std::vector<std::byte> poison(static_cast<size_t>(pool_bytes), std::byte{0xff});
  void* host_pool = both.host().allocate(pool_bytes);
  std::memcpy(host_pool, poison.data(), poison.size());
  void* device_pool = const_cast<void*>(both.device().place_bytes(poison.data(), pool_bytes));
  const TestStep first(whole, blocks);
  const TestStep second(c.sequences, blocks);
  both.each([&](Backend& backend, int which) {
    KvLayer kv = shape;
    kv.data = static_cast<std::byte*>(which == 0 ? host_pool : device_pool);
    const void* placed = backend.place_bytes(
        frequencies.data(), static_cast<int64_t>(frequencies.size() * sizeof(double)));
    const RotationTable tables[2] = {{1.0, static_cast<const double*>(placed)},
                                     {1.5, static_cast<const double*>(placed)}};
    auto* pairs = reinterpret_cast<RopePair*>(of(rotations, which));
    HeadFinish heads;
    heads.queries = {of(queries, which), c.biases ? of(query_bias, which) : nullptr,
                     c.biases ? of(head_norm, which) : nullptr, c.head_dimension};
    heads.keys = {of(keys, which), nullptr, c.biases ? of(kv_norm, which) : nullptr, kv_width};
    heads.values = {of(values, which)};
    heads.norm_epsilon = 1e-5f;
    heads.rope_layout = c.rope_layout;
    heads.rope_dimension = rope;
    heads.rotations = pairs;
    heads.rotation_table = c.biases ? 1 : 0;
    heads.kv = kv;
    heads.kv_group = 0;
    backend.begin_step(first.input());
    backend.compute_rotations(tables, 2, rope, pairs);
    backend.finish_heads(heads);
    backend.finish();
    const AttentionRows rows = {kv,     0,         c.window, of(queries, which), of(output, which),
                                0.125f, c.soft_cap};
    backend.begin_step(second.input());
    backend.attend(rows);
    backend.finish();
  });
  const std::string what = "attention, type " + std::to_string(static_cast<int>(c.type)) +
                           ", head " + std::to_string(c.head_dimension) + ", window " +
                           std::to_string(c.window);
  both.expect_same_floats(queries, what + ", queries");
  both.expect_same_floats(output, what);
  both.expect_same_bytes(host_pool, device_pool, pool_bytes, what + ", pool");
}

void check_block_copy(Device& device) {
  Both both(device, capacity_of(1, 256, 64, 1, 1));
  const KvLayer shape = {KvType::kInt8, nullptr, kv_part_bytes(KvType::kInt8, 64), kKvHeads, 64};
  const int64_t bytes = 3 * 2 * kKvHeads * shape.part_bytes;
  const Both::Floats pool = both.floats(Random(1).gaussians(bytes / 4));
  both.each([&](Backend& backend, int which) {
    KvLayer kv = shape;
    kv.data = reinterpret_cast<std::byte*>(of(pool, which));
    backend.copy_block(kv, 2, 0);
    backend.copy_block(kv, 1, 1);
    backend.finish();
  });
  both.expect_same_floats(pool, "a block's copy");
}

std::vector<ProductCase> product_cases(TensorType type, bool real) {
  const int64_t block = block_columns(type) == 1 ? 40 : block_columns(type);
  if (real) {
    const bool floats = block_columns(type) == 1;  // which the reference computes slowly
    return {{4096, (floats ? 512 : 4096) / block * block, {1, 8, 33, 64, 65, 200}},
            {1000, 3 * block, {1, 7, 130}},
            // So many outputs that the blocks of every shape fill a large device.
            {28672, 2 * block, {33, 64, 128, 300}},
            {16, block, {5}}};
  }
  return {{40, 3 * block, {1, 3, 9, 40}}, {130, block, {66, 130}}, {16, 2 * block, {2}}};
}

}  // namespace

int main(int count, char** arguments) {
  const std::unique_ptr<Device> device = tested_device(count, arguments);
  const bool real = is_real(count);
  for (const TensorType type : kAllTypes) {
    for (const ProductCase& c : product_cases(type, real)) check_products(*device, type, c);
    check_embedding(*device, type);
  }
  // More than goes to a device in one piece.
  check_products(*device, TensorType::kQ8_0, {20000, 1024, {1}});
  for (const NormKind kind : {NormKind::kRootMeanSquare, NormKind::kStandardDeviation}) {
    check_rows(*device, kind, 256, 3);
    check_rows(*device, kind, real ? 8192 : 1280, real ? 70 : 2);
  }
  for (const Activation activation : {Activation::kSwiglu, Activation::kGeglu, Activation::kGelu}) {
    check_activation(*device, activation, 512, 3);
    check_activation(*device, activation, real ? 28672 : 2048, real ? 40 : 1);
  }
  const std::vector<TestStep::Sequence> mixed = {{1, 1}, {1, 40}, {5, 37}, {18, 18}, {1, 16}};
  const int32_t long_context = real ? 3000 : 1030;
  for (const KvType type : {KvType::kFloat32, KvType::kFloat16, KvType::kInt8}) {
    check_attention(*device, {type, 64, 0, 0, RopeLayout::kAdjacent, false, mixed});
    check_attention(*device, {type, 128, 9, 7.5f, RopeLayout::kHalves, true, mixed});
    check_attention(*device, {type, 80, 0, 0, RopeLayout::kHalves, false, {{3, 20}, {1, 33}}});
  }
  check_attention(*device, {KvType::kFloat16,
                            64,
                            0,
                            0,
                            RopeLayout::kHalves,
                            false,
                            {{1, long_context}, {real ? 200 : 12, long_context}}});
  check_block_copy(*device);
  return result();
}
