// Runs a runner for the parent process: one request after the other, each answered by one reply.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ops/device.h"
#include "runner/attached_runner.h"
#include "runner/step_status.h"
#include "worker/channel.h"
#include "worker/shared_memory.h"

namespace sparkllama {

class Worker {
 public:
  explicit Worker(Channel channel);

  // Says which build this is, then serves until the parent stops it or goes. Throws
  // MalformedMessage; whatever else goes wrong is the reply to its request.
  void serve();

 private:
  // Is what a request that is done gives.
  struct Result {
    int64_t value = 0;
    std::vector<std::byte> payload;
  };

  void answer(const RequestHead& request);
  Result run(const RequestHead& request);
  Result create();
  Result open_device(int32_t ordinal);
  // Numbers, then a name.
  static Result described(const std::vector<int64_t>& words, std::string_view name);
  int64_t attach();
  AttachedRunner& runner();

  Channel channel_;
  SharedMemory status_memory_;
  StepStatus* status_;
  std::vector<SharedMemory> buffers_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<AttachedRunner> runner_;
};

}  // namespace sparkllama
