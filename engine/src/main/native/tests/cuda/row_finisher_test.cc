// Compares what rows are answered with where they lie on a device with what the processor answers
// them with: the same bits, whether a row is drawn there, from its best tokens, or from all of
// them.
//   row_finisher_test [LIBRARY]
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/aligned_array.h"
#include "base/thread_pool.h"
#include "cpu/kernel_dispatch.h"
#include "runner/device_row_finisher.h"
#include "runner/host_row_finisher.h"
#include "tests/cuda/tested_device.h"
#include "tests/expect.h"
#include "tests/random.h"

using namespace sparkllama;
using namespace sparkllama::testing;
using Section = BatchSection;

namespace {

// More tokens than best ones are handed out; as many as a large model has where there is time.
constexpr int64_t kVocabulary = 3000;
constexpr int64_t kLargeVocabulary = 128256;
constexpr int64_t kMasks = 2;

struct Row {
  float temperature;
  int32_t top_k;
  float top_p;
  float min_p;
  float spread;  // of its logits
  int32_t mask;
};

constexpr Row kRows[] = {
    {0, 0, 1, 0, 3, -1},      {1, 0, 1, 0, 3, 1},            // done by the device
    {1, 5, 1, 0, 3, -1},      {0.7f, 0, 0.8f, 0, 5, -1},     // from the best tokens
    {0.7f, 0, 1, 0.1f, 3, 0}, {2, 40, 0.9f, 0.01f, 2, 1},    // likewise
    {1, 1500, 1, 0, 3, -1},   {1, 0, 0.9999f, 0, 0.1f, -1},  // from all
    {1, 0, 0.9f, 0, 0, -1},   {0, 3, 0.5f, 0, 3, 0},        {1, 0, 0.5f, 0, -1, -1},  // no numbers
};
constexpr int64_t kCount = sizeof kRows / sizeof kRows[0];

BatchCapacity batch_capacity() {
  BatchCapacity capacity = {};
  capacity.tokens = capacity.sequences = capacity.logits_rows = kCount;
  capacity.candidates = kCount;
  capacity.adjustments = 2 * kCount;
  capacity.kv_groups = capacity.blocks_per_sequence = capacity.copies = 1;
  capacity.top_tokens = 3;
  return capacity;
}

BackendCapacity backend_capacity(int64_t vocabulary) {
  return {
      .rows = kCount,
      .columns = 256,
      .tokens = kCount,
      .sequences = kCount,
      .kv_groups = 1,
      .blocks_per_sequence = 1,
      .read_bytes = kCount * vocabulary * static_cast<int64_t>(sizeof(float)),
      .head_count = 1,
      .kv_head_count = 1,
      .head_dimension = 64,
  };
}

// Row r is that of token r of sequence r.
void fill(const BatchView& batch) {
  int32_t* header = batch.integers(Section::kHeader);
  header[static_cast<int>(HeaderWord::kCandidates)] = kCount;
  header[static_cast<int>(HeaderWord::kAdjustments)] = 2 * kCount;
  for (int32_t r = 0; r < kCount; ++r) {
    const Row& row = kRows[r];
    batch.integers(Section::kTokenSequence)[r] = r;
    batch.integers(Section::kTokenPosition)[r] = 100 + r;
    batch.integers(Section::kSequenceMask)[r] = row.mask;
    batch.floats(Section::kSequenceTemperature)[r] = row.temperature;
    batch.integers(Section::kSequenceTopK)[r] = row.top_k;
    batch.floats(Section::kSequenceTopP)[r] = row.top_p;
    batch.floats(Section::kSequenceMinP)[r] = row.min_p;
    batch.floats(Section::kSequenceRepetitionPenalty)[r] = 1.2f;
    batch.floats(Section::kSequencePresencePenalty)[r] = 0.3f;
    batch.floats(Section::kSequenceFrequencyPenalty)[r] = 0.1f;
    batch.longs(Section::kSequenceRandomKey)[2 * r] = 7 * r + 1;
    batch.integers(Section::kLogitsToken)[r] = r;
    batch.integers(Section::kLogitsFlags)[r] = 1;
    batch.integers(Section::kLogitsFirstCandidate)[r] = r;
    batch.integers(Section::kLogitsCandidateCount)[r] = 1;
    batch.integers(Section::kCandidateId)[r] = 17 * r;
    batch.integers(Section::kLogitsTopCount)[r] = 3;
    if (r % 2 == 0) continue;
    batch.integers(Section::kLogitsFirstAdjustment)[r] = 2 * r;
    batch.integers(Section::kLogitsAdjustmentCount)[r] = 2;
    for (int32_t i = 0; i < 2; ++i) {
      batch.integers(Section::kAdjustmentId)[2 * r + i] = 5 + 64 * i;
      batch.integers(Section::kAdjustmentOccurrences)[2 * r + i] = i;
      batch.floats(Section::kAdjustmentBias)[2 * r + i] = 2.5f;
    }
  }
}

std::vector<float> make_logits(int64_t vocabulary) {
  Random random(23);
  std::vector<float> logits;
  for (const Row& row : kRows) {
    std::vector<float> more = random.gaussians(vocabulary, row.spread);
    if (row.spread < 0) more[1234] = std::nanf("");
    logits.insert(logits.end(), more.begin(), more.end());
  }
  return logits;
}

void put_masks(RowFinisher& finisher, int64_t vocabulary) {
  Random random(29);
  for (int64_t mask = 0; mask < kMasks; ++mask) {
    std::vector<uint64_t> words(static_cast<size_t>(mask_words(vocabulary)));
    for (uint64_t& word : words) word = random.bits();
    finisher.put_mask(mask, words);
  }
}

void compare(const BatchView& actual, const BatchView& expected, Section section, int64_t count) {
  const std::string what = "section " + std::to_string(static_cast<int>(section));
  for (int64_t i = 0; i < count; ++i) {
    const float a = actual.floats(section)[i];
    const float b = expected.floats(section)[i];
    const bool same = std::memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
    testing::expect(same, (what + ", element " + std::to_string(i)).c_str(), __FILE__, __LINE__);
  }
}

void check(Device& device, int64_t vocabulary) {
  const KernelTable& kernels = *kernel_table(InstructionSet::kReference);
  ThreadPool pool(2);
  const BatchLayout layout(batch_capacity());
  AlignedArray<std::byte> host_buffer(layout.byte_size());
  AlignedArray<std::byte> device_buffer(layout.byte_size());
  for (AlignedArray<std::byte>* buffer : {&host_buffer, &device_buffer}) {
    std::memset(buffer->data(), 0, static_cast<size_t>(buffer->size()));
    fill(BatchView(layout, buffer->data()));
  }
  const BatchView expected(layout, host_buffer.data());
  const BatchView actual(layout, device_buffer.data());
  StepStatus status;

  std::vector<float> logits = make_logits(vocabulary);
  const std::unique_ptr<Backend> backend(device.make_backend(backend_capacity(vocabulary)));
  if (backend == nullptr) {
    std::fprintf(stderr, "no backend: %s\n", device.failure().message);
    std::exit(1);
  }
  const auto bytes = static_cast<int64_t>(logits.size() * sizeof(float));
  auto* placed = static_cast<float*>(const_cast<void*>(backend->place_bytes(logits.data(), bytes)));
  DeviceRowFinisher on_device(
      *backend, {kernels, pool},
      {vocabulary, kMasks, kCount, kCount, 2 * kCount, 3 * kCount, kCount * int64_t{kMostKept}});
  put_masks(on_device, vocabulary);
  on_device.finish(actual, 0, kCount, placed, status);

  HostRowFinisher on_host(kernels, pool, vocabulary, kMasks);
  put_masks(on_host, vocabulary);
  on_host.finish(expected, 0, kCount, logits.data(), status);

  for (int64_t r = 0; r < kCount; ++r) {
    EXPECT_EQUAL(expected.integers(Section::kResultToken)[r] >= 0, kRows[r].spread >= 0);
  }
  compare(actual, expected, Section::kResultToken, kCount);
  compare(actual, expected, Section::kResultLogProbability, kCount);
  compare(actual, expected, Section::kResultArgmax, kCount);
  compare(actual, expected, Section::kResultLogSumExp, kCount);
  compare(actual, expected, Section::kResultCandidateLogProbability, kCount);
  compare(actual, expected, Section::kResultTopId, 3 * kCount);
  compare(actual, expected, Section::kResultTopLogit, 3 * kCount);
}

}  // namespace

int main(int count, char** arguments) {
  const std::unique_ptr<Device> device = tested_device(count, arguments);
  check(*device, kVocabulary);
  if (is_real(count)) check(*device, kLargeVocabulary);
  return result();
}
