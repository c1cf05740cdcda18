// Measures whole steps of large shapes on a device: decode, prefill, and a queue of requests.
//
//   device_rates LIBRARY SHAPE TYPE KV_TYPE WORK...
//
// SHAPE is llama-2-7b or llama-3-8b, TYPE is Q8_0 or Q4_0, KV_TYPE is f16 or q8. WORK is one or
// more of decode:SEQUENCES, prefill:TOKENS, queue:REQUESTS (1,000 tokens in, 1,000 out). Prints a
// line of JSON for each: medians of steps, and for a queue all of its time. Weights are random, and
// matrices share them in the file, though not on the device: nothing here says anything of answers.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cpu/kernel_dispatch.h"
#include "runner/device_library.h"
#include "runner/runner.h"
#include "tests/packed_weights.h"
#include "tests/random.h"
#include "tests/weights_file.h"

using namespace sparkllama;
using namespace sparkllama::testing;

namespace {

constexpr int32_t kContext = 512;         // of sequences that are decoded
constexpr int32_t kRequestTokens = 1000;  // in, and out again
constexpr int64_t kMostTokens = 2048;     // of a step
constexpr int64_t kMostSequences = 512;
constexpr int64_t kSparePanels = 256;

struct Shape {
  const char* name;
  int32_t vocabulary;
  int32_t embedding;
  int32_t feed_forward;
  int32_t heads;
  int32_t kv_heads;
};

constexpr Shape kShapes[] = {{"llama-2-7b", 32000, 4096, 11008, 32, 32},
                             {"llama-3-8b", 128256, 4096, 14336, 32, 8}};
constexpr int32_t kLayers = 32;
constexpr int32_t kHeadDimension = 128;

// Panels that all matrices of these columns begin within, each at another one.
struct Region {
  int64_t columns;
  int64_t offset;
  int64_t next_panel = 0;
};

class SharedModel {
 public:
  SharedModel(const Shape& shape, TensorType type) : shape_(shape), type_(type) {
    set_parameters();
    std::vector<float> ones(static_cast<size_t>(shape.embedding), 1.0f / 64);
    norms_ = file_.write(ones.data(), static_cast<int64_t>(ones.size() * sizeof(float)));
    Region wide = write_region(shape.embedding, std::max(shape.vocabulary, shape.feed_forward));
    Region deep = write_region(shape.feed_forward, shape.embedding);
    add(wide, WeightRole::kTokenEmbedding, 0, shape.vocabulary);
    add(wide, WeightRole::kOutput, 0, shape.vocabulary);
    add_norm(WeightRole::kOutputNorm, 0);
    const HyperParameters& p = description_.parameters;
    for (int32_t layer = 0; layer < kLayers; ++layer) {
      add_norm(WeightRole::kAttentionNorm, layer);
      add_norm(WeightRole::kFeedForwardNorm, layer);
      add(wide, WeightRole::kAttentionQuery, layer, p.query_width());
      add(wide, WeightRole::kAttentionKey, layer, p.kv_width());
      add(wide, WeightRole::kAttentionValue, layer, p.kv_width());
      add(wide, WeightRole::kAttentionOutput, layer, shape.embedding);
      add(wide, WeightRole::kFeedForwardGate, layer, shape.feed_forward);
      add(wide, WeightRole::kFeedForwardUp, layer, shape.feed_forward);
      add(deep, WeightRole::kFeedForwardDown, layer, shape.embedding);
    }
  }

  const ModelDescription& description() const { return description_; }
  const std::string& path() const { return file_.path(); }

  // Multiply-adds of weights for a token, without the output matrix; and of that.
  int64_t layer_products() const { return layer_products_; }
  int64_t output_products() const { return int64_t{shape_.vocabulary} * shape_.embedding; }

 private:
  void set_parameters() {
    HyperParameters& p = description_.parameters;
    p = {};
    p.vocabulary_size = shape_.vocabulary;
    p.context_length = 8192;
    p.embedding_length = shape_.embedding;
    p.layer_count = kLayers;
    p.feed_forward_length = shape_.feed_forward;
    p.head_count = shape_.heads;
    p.kv_head_count = shape_.kv_heads;
    p.head_dimension = kHeadDimension;
    p.attention_scale = 0.088388346f;
    p.norm_epsilon = 1e-5f;
    p.embedding_scale = 1;
    p.rope_dimension = kHeadDimension;
    p.rope_tables = {{1.0, {}}};
    for (int i = 0; i < kHeadDimension / 2; ++i) {
      p.rope_tables[0].inverse_frequencies.push_back(std::pow(1e4, -2.0 * i / kHeadDimension));
    }
    p.layer_rope.assign(kLayers, 0);
  }

  Region write_region(int64_t columns, int64_t rows) {
    constexpr int64_t kMadePanels = 16;
    const std::vector<std::byte> some =
        random_weights(type_, kMadePanels * kPanelRows * columns, true, random_);
    const PackedWeights packed(type_, some.data(), kMadePanels * kPanelRows, columns);
    const int64_t bytes = panel_bytes(type_, columns);
    const int64_t panels = panel_count(rows) + kSparePanels;
    std::vector<std::byte> region(static_cast<size_t>(panels * bytes));
    for (int64_t panel = 0; panel < panels; ++panel) {
      std::memcpy(region.data() + panel * bytes,
                  packed.matrix().data + random_.bits() % kMadePanels * bytes,
                  static_cast<size_t>(bytes));
    }
    return {columns, file_.write(region.data(), static_cast<int64_t>(region.size()))};
  }

  void add(Region& region, WeightRole role, int32_t layer, int64_t rows) {
    const int64_t offset = region.offset + region.next_panel * panel_bytes(type_, region.columns);
    description_.tensors.push_back({role, layer, 0, type_, offset, rows, region.columns});
    region.next_panel = (region.next_panel + 1) % kSparePanels;
    if (role != WeightRole::kTokenEmbedding && role != WeightRole::kOutput) {
      layer_products_ += rows * region.columns;
    }
  }

  void add_norm(WeightRole role, int32_t layer) {
    description_.tensors.push_back({role, layer, 0, TensorType::kF32, norms_, 1, shape_.embedding});
  }

  Shape shape_;
  TensorType type_;
  Random random_{77};
  ModelDescription description_;
  WeightsFile file_;
  int64_t norms_ = 0;
  int64_t layer_products_ = 0;
};

// A sequence that holds a share of the pool for itself.
struct Slot {
  int32_t length = 0;  // positions computed
  int32_t prompt = 0;  // tokens of the prompt
};

class Bench {
 public:
  Bench(const SharedModel& model, KvType kv_type, int64_t sequences, int64_t context,
        Device& device)
      : blocks_((context + kKvBlockPositions - 1) / kKvBlockPositions) {
    const HyperParameters& p = model.description().parameters;
    RunnerOptions options;
    options.threads = static_cast<int32_t>(std::min(::sysconf(_SC_NPROCESSORS_ONLN), 16L));
    options.kv_shape = {kv_type, p.kv_head_count, p.head_dimension};
    options.kv_groups = {{0, static_cast<int32_t>(sequences * blocks_), {}}};
    for (int32_t layer = 0; layer < kLayers; ++layer) options.kv_groups[0].layers.push_back(layer);
    BatchCapacity& capacity = options.capacity;
    capacity = {};
    capacity.tokens = kMostTokens;
    capacity.sequences = sequences;
    capacity.logits_rows = sequences;
    capacity.candidates = capacity.adjustments = capacity.copies = capacity.top_tokens = 1;
    capacity.kv_groups = 1;
    capacity.blocks_per_sequence = blocks_;
    runner_ = std::make_unique<Runner>(model.description(), options, model.path(),
                                       *kernel_table(InstructionSet::kAuto), &device);
    buffer_ = AlignedArray<std::byte>(runner_->layout().byte_size());
    std::memset(buffer_.data(), 0, static_cast<size_t>(buffer_.size()));
  }

  void begin() {
    tokens_ = 0;
    sequences_ = 0;
    rows_ = 0;
  }

  // The slot's next tokens; a logits row where `samples`.
  void add(int64_t index, Slot& slot, int32_t count, bool samples) {
    const BatchView batch(runner_->layout(), buffer_.data());
    const auto first_block = static_cast<int32_t>(index * blocks_);
    batch.integers(BatchSection::kSequenceFirstToken)[sequences_] = tokens_;
    batch.integers(BatchSection::kSequenceTokenCount)[sequences_] = count;
    batch.integers(BatchSection::kSequenceContextLength)[sequences_] = slot.length + count;
    int32_t* table = batch.integers(BatchSection::kSequenceBlockTable) + sequences_ * blocks_;
    for (int32_t i = 0; i * kKvBlockPositions < slot.length + count; ++i) {
      table[i] = first_block + i;
    }
    batch.integers(BatchSection::kSequenceAdapter)[sequences_] = -1;
    batch.integers(BatchSection::kSequenceMask)[sequences_] = -1;
    batch.floats(BatchSection::kSequenceRepetitionPenalty)[sequences_] = 1;
    batch.floats(BatchSection::kSequenceTopP)[sequences_] = 1;
    for (int32_t i = 0; i < count; ++i, ++tokens_) {
      const int32_t position = slot.length + i;
      batch.integers(BatchSection::kTokenId)[tokens_] =
          static_cast<int32_t>((index * 31 + position * 17) % 30000);
      batch.integers(BatchSection::kTokenPosition)[tokens_] = position;
      batch.integers(BatchSection::kTokenSequence)[tokens_] = sequences_;
      batch.integers(BatchSection::kTokenKvSlot)[tokens_] =
          (first_block + position / kKvBlockPositions) * kKvBlockPositions +
          position % kKvBlockPositions;
    }
    if (samples) {
      batch.integers(BatchSection::kLogitsToken)[rows_] = tokens_ - 1;
      batch.integers(BatchSection::kLogitsFlags)[rows_++] = 1;
    }
    slot.length += count;
    ++sequences_;
  }

  double run() {
    int32_t* header = BatchView(runner_->layout(), buffer_.data()).integers(BatchSection::kHeader);
    header[static_cast<int>(HeaderWord::kVersion)] = kBatchVersion;
    header[static_cast<int>(HeaderWord::kTokens)] = tokens_;
    header[static_cast<int>(HeaderWord::kSequences)] = sequences_;
    header[static_cast<int>(HeaderWord::kLogitsRows)] = rows_;
    const auto begin = std::chrono::steady_clock::now();
    runner_->step(buffer_.data());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

 private:
  int64_t blocks_;
  std::unique_ptr<Runner> runner_;
  AlignedArray<std::byte> buffer_;
  int32_t tokens_ = 0;
  int32_t sequences_ = 0;
  int32_t rows_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Setting {
  const char* shape;
  const char* type;
  const char* kv;
  KvType kv_type;
};

void decode(const SharedModel& model, const Setting& setting, int64_t sequences, Device& device) {
  constexpr int kSteps = 30;
  Bench bench(model, setting.kv_type, sequences, kContext + kSteps + kKvBlockPositions, device);
  std::vector<Slot> slots(static_cast<size_t>(sequences));
  for (Slot& slot : slots) slot.length = kContext - kSteps / 2;
  std::vector<double> seconds;
  for (int step = 0; step < kSteps; ++step) {
    bench.begin();
    for (int64_t s = 0; s < sequences; ++s) bench.add(s, slots[s], 1, true);
    seconds.push_back(bench.run());
  }
  seconds.erase(seconds.begin(), seconds.begin() + 5);  // while kernels load and are recorded
  const double step = median(seconds);
  std::printf(
      "{\"shape\":\"%s\",\"type\":\"%s\",\"kv\":\"%s\",\"decode\":%ld,\"context\":%d,"
      "\"step_ms\":%.3f,\"tokens_per_second\":%.0f}\n",
      setting.shape, setting.type, setting.kv, static_cast<long>(sequences), kContext, step * 1e3,
      static_cast<double>(sequences) / step);
}

void prefill(const SharedModel& model, const Setting& setting, int64_t tokens, Device& device) {
  constexpr int kSteps = 7;
  Bench bench(model, setting.kv_type, 1, tokens, device);
  std::vector<double> seconds;
  for (int step = 0; step < kSteps; ++step) {
    Slot slot;
    bench.begin();
    bench.add(0, slot, static_cast<int32_t>(tokens), true);
    seconds.push_back(bench.run());
  }
  seconds.erase(seconds.begin(), seconds.begin() + 2);
  const double step = median(seconds);
  const double products =
      2.0 * (static_cast<double>(model.layer_products()) * static_cast<double>(tokens) +
             static_cast<double>(model.output_products()));
  std::printf(
      "{\"shape\":\"%s\",\"type\":\"%s\",\"kv\":\"%s\",\"prefill\":%ld,\"step_ms\":%.3f,"
      "\"tokens_per_second\":%.0f,\"weight_tops\":%.1f}\n",
      setting.shape, setting.type, setting.kv, static_cast<long>(tokens), step * 1e3,
      static_cast<double>(tokens) / step, products / step / 1e12);
}

// Whole requests for which three quarters of what the weights leave free have room.
int64_t sequences_that_fit(const SharedModel& model, KvType kv_type, const Device& device) {
  const HyperParameters& p = model.description().parameters;
  const int64_t request = (2 * kRequestTokens / kKvBlockPositions + 1) * 2 * kLayers *
                          p.kv_head_count * kv_part_bytes(kv_type, p.head_dimension);
  const int64_t weights =
      (model.layer_products() + 2 * model.output_products()) * 9 / 8;  // bytes, at most
  return std::max<int64_t>((device.facts().free_bytes - weights) / 4 * 3 / request, 1);
}

// As a scheduler does: sequences that decode first, then prompts, up to the tokens of a step.
void queue(const SharedModel& model, const Setting& setting, int64_t requests, Device& device) {
  const int64_t sequences =
      std::min({requests, kMostSequences, sequences_that_fit(model, setting.kv_type, device)});
  Bench bench(model, setting.kv_type, sequences, 2 * kRequestTokens, device);
  std::vector<Slot> slots(static_cast<size_t>(sequences));
  int64_t waiting = requests;
  int64_t done = 0;
  double seconds = 0;
  while (done < requests) {
    bench.begin();
    int64_t left = kMostTokens;
    for (int64_t s = 0; s < sequences; ++s) {
      Slot& slot = slots[s];
      if (slot.prompt == 0 || slot.length < slot.prompt) continue;
      bench.add(s, slot, 1, true);
      --left;
    }
    for (int64_t s = 0; s < sequences && left > 0; ++s) {
      Slot& slot = slots[s];
      if (slot.prompt == 0 && waiting > 0) {
        slot = {0, kRequestTokens};
        --waiting;
      }
      if (slot.prompt == 0 || slot.length >= slot.prompt) continue;
      const auto count = static_cast<int32_t>(std::min<int64_t>(left, slot.prompt - slot.length));
      bench.add(s, slot, count, slot.length + count == slot.prompt);
      left -= count;
    }
    seconds += bench.run();
    for (Slot& slot : slots) {
      // The last token that is answered is never computed.
      if (slot.prompt > 0 && slot.length == 2 * kRequestTokens - 1) {
        slot = {};
        ++done;
      }
    }
  }
  std::printf(
      "{\"shape\":\"%s\",\"type\":\"%s\",\"kv\":\"%s\",\"requests\":%ld,\"sequences\":%ld,\"in\":%"
      "d,\"out\":%d,"
      "\"seconds\":%.1f,\"output_tokens_per_second\":%.0f}\n",
      setting.shape, setting.type, setting.kv, static_cast<long>(requests),
      static_cast<long>(sequences), kRequestTokens, kRequestTokens, seconds,
      static_cast<double>(requests) * kRequestTokens / seconds);
}

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: device_rates LIBRARY llama-2-7b|llama-3-8b Q8_0|Q4_0 f16|q8 "
               "(decode:SEQUENCES|prefill:TOKENS|queue:REQUESTS)...\n");
  std::exit(2);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 6) usage();
  const auto is = [&](int index, const char* text) {
    return std::strcmp(arguments[index], text) == 0;
  };
  const Shape& shape = is(2, kShapes[1].name) ? kShapes[1] : kShapes[0];
  const TensorType type = is(3, "Q4_0") ? TensorType::kQ4_0 : TensorType::kQ8_0;
  const KvType kv_type = is(4, "q8") ? KvType::kInt8 : KvType::kFloat16;
  if (!is(2, shape.name) || !is(3, tensor_type_name(type)) || !(is(4, "f16") || is(4, "q8"))) {
    usage();
  }
  const std::unique_ptr<Device> device = open_device(arguments[1], 0);
  std::fprintf(stderr, "%s, %ld bytes free\n", device->facts().name,
               static_cast<long>(device->facts().free_bytes));
  const SharedModel model(shape, type);
  const Setting setting = {shape.name, tensor_type_name(type), arguments[4], kv_type};
  for (int i = 5; i < count; ++i) {
    const char* colon = std::strchr(arguments[i], ':');
    const long amount = colon == nullptr ? 0 : std::strtol(colon + 1, nullptr, 10);
    const std::string work(arguments[i], colon == nullptr ? 0 : colon - arguments[i]);
    if (amount < 1 || amount > kMostTokens) usage();
    try {
      if (work == "decode") {
        decode(model, setting, amount, *device);
      } else if (work == "prefill") {
        prefill(model, setting, amount, *device);
      } else if (work == "queue") {
        queue(model, setting, amount, *device);
      } else {
        usage();
      }
    } catch (const MemoryError& e) {
      std::fprintf(stderr, "%s is left out: %s\n", arguments[i], e.what());
    }
    std::fflush(stdout);
  }
}
