// Joins a runner with the buffers that it shares with Java.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runner/runner.h"

namespace sparkllama {

class AttachedRunner {
 public:
  // `description` is what io.sparkllama.engine.runner.ModelDescription writes.
  // The device, where there is one, outlives it.
  AttachedRunner(std::span<const std::byte> description, const std::string& packed_file,
                 Device* device = nullptr);

  const Runner& runner() const { return *runner_; }
  void report_to(StepStatus* status) { runner_->report_to(status); }

  // `description` is what io.sparkllama.engine.runner.AdapterDescription writes.
  int32_t open_adapter(std::span<const std::byte> description);
  void fill_adapter(int32_t adapter, int32_t matrix, std::span<const std::byte> rows) {
    runner_->fill_adapter(adapter, matrix, rows);
  }

  // Returns the index by which steps name the buffer, which outlives this.
  int32_t attach(std::span<std::byte> buffer);

  void put_mask(int64_t id, std::span<const uint64_t> words);

  void step(int32_t buffer);

 private:
  std::unique_ptr<Runner> runner_;
  std::vector<std::byte*> buffers_;
};

}  // namespace sparkllama
