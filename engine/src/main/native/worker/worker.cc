#include "worker/worker.h"

#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/build_id.h"
#include "base/error.h"
#include "runner/device_library.h"

namespace sparkllama {

Worker::Worker(Channel channel)
    : channel_(std::move(channel)),
      status_memory_("sparkllama-status", sizeof(StepStatus)),
      status_(new(status_memory_.bytes().data()) StepStatus) {}

void Worker::serve() {
  const std::string_view id = build_id();
  channel_.reply(Outcome::kDone, status_memory_.descriptor(), std::as_bytes(std::span(id)));
  while (const std::optional<RequestHead> request = channel_.receive()) {
    if (static_cast<RequestKind>(request->kind) == RequestKind::kStop) {
      return;
    }
    answer(*request);
  }
}

// The same kinds of failure as jni/guard.h tells apart. No reply that fails is followed by another:
// the parent has gone then, or has half of one.
void Worker::answer(const RequestHead& request) {
  Result result;
  try {
    result = run(request);
  } catch (const MalformedMessage&) {
    throw;
  } catch (const DeviceError&) {
    throw;  // nothing more can be run: the parent starts another process
  } catch (const ModelFormatError& e) {
    return channel_.reply(Outcome::kModelFormatError, e.what());
  } catch (const ConfigurationError& e) {
    return channel_.reply(Outcome::kConfigurationError, e.what());
  } catch (const MemoryError& e) {
    return channel_.reply(Outcome::kMemoryError, e.what());
  } catch (const std::bad_alloc&) {
    return channel_.reply(Outcome::kMemoryError,
                          "The system has no memory left for the worker process: lower "
                          "engine.kv-cache-memory or the batch limits");
  } catch (const std::exception& e) {
    return channel_.reply(Outcome::kEngineError, e.what());
  } catch (...) {
    return channel_.reply(Outcome::kEngineError,
                          "The native engine failed for a reason it does not name");
  }
  channel_.reply(Outcome::kDone, result.value, result.payload);
}

Worker::Result Worker::run(const RequestHead& request) {
  switch (static_cast<RequestKind>(request.kind)) {
    case RequestKind::kCreate:
      return create();
    case RequestKind::kAttach:
      return {attach(), {}};
    case RequestKind::kPutMask: {
      std::vector<uint64_t> words(channel_.payload().size() / sizeof(uint64_t));
      std::memcpy(words.data(), channel_.payload().data(), words.size() * sizeof(uint64_t));
      runner().put_mask(request.first, words);
      return {};
    }
    case RequestKind::kOpenAdapter:
      return {runner().open_adapter(channel_.payload()), {}};
    case RequestKind::kFillAdapter:
      runner().fill_adapter(request.first, request.second, channel_.payload());
      return {};
    case RequestKind::kStep:
      runner().step(request.first);
      return {};
    case RequestKind::kAdapterBytes:
      return {runner().runner().adapter_bytes(), {}};
    case RequestKind::kOpenDevice:
      return open_device(request.first);
    case RequestKind::kStop:
      break;  // ends the loop before
  }
  return {};
}

// Returns the numbers that Java asks of a runner, then the name of its kernels.
Worker::Result Worker::create() {
  if (runner_ != nullptr) {
    throw MalformedMessage("A worker process is asked for a second runner");
  }
  std::span<const std::byte> payload = channel_.payload();
  int64_t path_bytes = -1;
  if (payload.size() >= sizeof path_bytes) {
    std::memcpy(&path_bytes, payload.data(), sizeof path_bytes);
    payload = payload.subspan(sizeof path_bytes);
  }
  if (path_bytes < 0 || path_bytes > static_cast<int64_t>(payload.size())) {
    throw MalformedMessage("A runner's description has no path of the packed file: " +
                           std::to_string(path_bytes) + " bytes");
  }
  const std::string path(reinterpret_cast<const char*>(payload.data()), path_bytes);
  runner_ = std::make_unique<AttachedRunner>(payload.subspan(path_bytes), path, device_.get());
  runner_->report_to(status_);

  const Runner& runner = runner_->runner();
  std::vector<int64_t> words = {runner.threads(), runner.buffer_bytes()};
  words.insert(words.end(), runner.layout().offsets().begin(), runner.layout().offsets().end());
  return described(words, runner.name());
}

// Runners that are made after it compute on the device.
Worker::Result Worker::open_device(int32_t ordinal) {
  if (runner_ != nullptr || device_ != nullptr) {
    throw MalformedMessage("A worker process is asked for a device after a runner or another one");
  }
  const std::string path(reinterpret_cast<const char*>(channel_.payload().data()),
                         channel_.payload().size());
  device_ = sparkllama::open_device(path, ordinal);
  const DeviceFacts& facts = device_->facts();
  return described({facts.free_bytes, facts.total_bytes, facts.multiprocessors,
                    facts.capability_major, facts.capability_minor},
                   facts.name);
}

Worker::Result Worker::described(const std::vector<int64_t>& words, std::string_view name) {
  std::vector<std::byte> payload(words.size() * sizeof(int64_t) + name.size());
  std::memcpy(payload.data(), words.data(), words.size() * sizeof(int64_t));
  std::memcpy(payload.data() + words.size() * sizeof(int64_t), name.data(), name.size());
  return {static_cast<int64_t>(words.size()), std::move(payload)};
}

int64_t Worker::attach() {
  buffers_.emplace_back("sparkllama-batch", runner().runner().layout().byte_size());
  runner().attach(buffers_.back().bytes());
  return buffers_.back().descriptor();
}

AttachedRunner& Worker::runner() {
  if (runner_ == nullptr) {
    throw MalformedMessage("A worker process is asked for what only a runner can do");
  }
  return *runner_;
}

}  // namespace sparkllama
