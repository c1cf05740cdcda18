// Takes memory away from the emulated device, and makes it fail, wherever a runner can meet it:
// each lack is told as one, each failure as the device's, nothing is left behind, and a recording
// that comes to nothing changes no answer.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/build_id.h"
#include "base/error.h"
#include "cpu/kernel_dispatch.h"
#include "cuda/emulation/emulation.h"
#include "cuda/open_device.h"
#include "cuda/walk_graphs.h"
#include "tests/expect.h"
#include "tests/random_model.h"
#include "tests/small_parameters.h"
#include "tests/step_script.h"

using namespace sparkllama;
using namespace sparkllama::testing;
namespace emulation = sparkllama::cuda::emulation;

namespace {

constexpr int32_t kNewTokens = 5;
constexpr int64_t kBlocks = 3;

RandomModel make_model(const HyperParameters& parameters) {
  constexpr TensorType kType = TensorType::kQ8_0;
  return RandomModel(parameters, {kType, kType, kType, kType, kType}, {}, 7);
}

std::unique_ptr<Runner> make_runner(const RandomModel& model, Device* device) {
  const HyperParameters& p = model.description().parameters;
  RunnerOptions options;
  options.threads = 1;
  options.kv_shape = {KvType::kFloat16, p.kv_head_count, p.head_dimension};
  options.kv_groups = {{0, 2 * kBlocks, {0, 1}}};
  options.capacity = {};
  options.capacity.tokens = 16;
  options.capacity.sequences = options.capacity.logits_rows = options.capacity.candidates = 2;
  options.capacity.adjustments = options.capacity.kv_groups = options.capacity.copies = 1;
  options.capacity.blocks_per_sequence = kBlocks;
  options.capacity.top_tokens = 2;
  return std::make_unique<Runner>(model.description(), options, model.path(),
                                  *kernel_table(InstructionSet::kReference), device);
}

std::vector<ScriptedSequence> sequences() {
  return {{{5, 9, 2}, 3, 0, 0, 1, -1, -1}, {{100, 7}, 2, 0, 0, 1, -1, -1}};
}

std::unique_ptr<Device> open_device() {
  char message[256] = {};
  std::unique_ptr<Device> device(sparkllama_open_device(build_id(), 0, message, sizeof message));
  EXPECT(device != nullptr);
  return device;
}

// Gives the device a little more memory each time, until it is enough.
void test_lack_of_memory(const RandomModel& model) {
  int refused = 0;
  for (size_t limit = 1 << 20;; limit += 12 << 20) {
    emulation::reset_device();
    emulation::set_memory_limit(limit);
    const std::unique_ptr<Device> device = open_device();
    try {
      make_runner(model, device.get());
      break;
    } catch (const MemoryError& e) {
      EXPECT(std::string(e.what()).find("lower") != std::string::npos ||
             std::string(e.what()).find("smaller") != std::string::npos);
      ++refused;
    }
  }
  EXPECT(refused >= 5);
  emulation::reset_device();  // ends the process where anything was left
}

// The device fails at the first work of the nth step, and never comes back.
void test_failure_in_a_step(const RandomModel& model) {
  for (int step = 0; step < 4; ++step) {
    emulation::reset_device();
    const std::unique_ptr<Device> device = open_device();
    const std::unique_ptr<Runner> runner = make_runner(model, device.get());
    StepScript script(*runner, sequences(), kNewTokens);
    for (int i = 0; i < step; ++i) EXPECT(script.step());
    emulation::plant_failure(cudaErrorLaunchFailure);
    EXPECT_ERROR(DeviceError, "unspecified launch failure", script.step());
    EXPECT_ERROR(DeviceError, "unspecified launch failure", script.step());
  }
  emulation::reset_device();
}

// A device that fails while weights are brought there does not say that they are too large.
void test_failure_while_opening(const RandomModel& model) {
  emulation::reset_device();
  const std::unique_ptr<Device> device = open_device();
  emulation::plant_failure(cudaErrorLaunchFailure);
  EXPECT_ERROR(DeviceError, "unspecified launch failure", make_runner(model, device.get()));
  emulation::reset_device();
}

void test_failed_recordings(const RandomModel& model) {
  emulation::reset_device();
  const std::vector<SequenceResults> expected =
      StepScript(*make_runner(model, nullptr), sequences(), kNewTokens).run();
  const std::unique_ptr<Device> device = open_device();
  {
    const std::unique_ptr<Runner> runner = make_runner(model, device.get());
    emulation::plant_capture_failure();
    EXPECT(StepScript(*runner, sequences(), kNewTokens).run() == expected);
    EXPECT(!emulation::capture_failure_is_planted());
    EXPECT(StepScript(*runner, sequences(), kNewTokens).run() == expected);
  }
  emulation::reset_device();
}

void test_refusals() {
  char message[256] = {};
  EXPECT(sparkllama_open_device("other sources", 0, message, sizeof message) == nullptr);
  EXPECT(std::string(message).find("of other sources") != std::string::npos);
  EXPECT(sparkllama_open_device(build_id(), 1, message, sizeof message) == nullptr);
  EXPECT(std::string(message).find("no device of this number: 1, of 1") != std::string::npos);
  HyperParameters parameters = small_parameters();
  parameters.head_dimension = 20;
  parameters.rope_dimension = 20;
  parameters.rope_tables[0].inverse_frequencies.resize(10);
  const RandomModel model(
      parameters,
      {TensorType::kF32, TensorType::kF32, TensorType::kF32, TensorType::kF32, TensorType::kF32},
      {}, 7);
  const std::unique_ptr<Device> device = open_device();
  EXPECT_ERROR(ConfigurationError, "set engine.device to cpu", make_runner(model, device.get()));
}

// Steps of one token each share few classes; others are classes of their own.
void test_classes() {
  BackendCapacity capacity = {};
  capacity.tokens = 512;
  capacity.sequences = 100;
  capacity.blocks_per_sequence = 200;
  std::vector<int32_t> counts(100, 1);
  std::vector<int32_t> contexts(100, 5);
  StepInput input = {};
  input.num_tokens = input.num_sequences = 9;
  input.token_counts = counts.data();
  input.context_lengths = contexts.data();
  const cuda::ClassifiedStep small = cuda::classify(input, capacity);
  EXPECT(small.recurs);
  EXPECT(small.walk == (cuda::WalkClass{16, 16, 1, 1024}));
  contexts[8] = 2500;
  EXPECT(cuda::classify(input, capacity).walk == (cuda::WalkClass{16, 16, 1, 3200}));
  input.num_tokens = input.num_sequences = 100;
  EXPECT(cuda::classify(input, capacity).walk == (cuda::WalkClass{112, 100, 1, 3200}));
  counts[3] = 0;
  input.num_tokens = 99;
  EXPECT(!cuda::classify(input, capacity).recurs);
  counts[3] = 4;
  input.num_tokens = 103;
  const cuda::ClassifiedStep prompt = cuda::classify(input, capacity);
  EXPECT(!prompt.recurs);
  EXPECT(prompt.walk == (cuda::WalkClass{103, 100, 4, 2500}));
}

}  // namespace

int main() {
  const RandomModel model = make_model(small_parameters());
  test_classes();
  test_refusals();
  test_failed_recordings(model);
  test_failure_in_a_step(model);
  test_failure_while_opening(model);
  test_lack_of_memory(model);
  return result();
}
