#include "runner/attached_runner.h"

#include "base/error.h"
#include "base/word_reader.h"
#include "cpu/kernel_dispatch.h"

namespace sparkllama {

AttachedRunner::AttachedRunner(std::span<const std::byte> description,
                               const std::string& packed_file, Device* device) {
  WordReader words(description);
  const auto instruction_set = static_cast<InstructionSet>(words.integer("instruction set", 0, 5));
  const KernelTable* kernels = kernel_table(instruction_set);
  if (kernels == nullptr) {
    throw ConfigurationError(
        "This processor lacks the instruction set that engine.instruction-set asks for: set it to "
        "auto");
  }
  ModelDescription model = read_model_description(words);
  RunnerOptions options = read_runner_options(words, model.parameters);
  runner_ =
      std::make_unique<Runner>(std::move(model), std::move(options), packed_file, *kernels, device);
}

int32_t AttachedRunner::open_adapter(std::span<const std::byte> description) {
  WordReader words(description);
  return runner_->open_adapter(words);
}

int32_t AttachedRunner::attach(std::span<std::byte> buffer) {
  if (static_cast<int64_t>(buffer.size()) != runner_->layout().byte_size() ||
      reinterpret_cast<uintptr_t>(buffer.data()) % alignof(int64_t) != 0) {
    throw EngineError("A batch buffer is not laid out as the native engine does: " +
                      std::to_string(buffer.size()) + " bytes, expected " +
                      std::to_string(runner_->layout().byte_size()));
  }
  buffers_.push_back(buffer.data());
  return static_cast<int32_t>(buffers_.size()) - 1;
}

void AttachedRunner::put_mask(int64_t id, std::span<const uint64_t> words) {
  runner_->put_mask(id, words);
}

void AttachedRunner::step(int32_t buffer) {
  if (buffer < 0 || buffer >= static_cast<int64_t>(buffers_.size())) {
    throw EngineError("A step names a buffer that was not given: " + std::to_string(buffer));
  }
  runner_->step(buffers_[buffer]);
}

}  // namespace sparkllama
