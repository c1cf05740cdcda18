#include "worker/worker.h"

#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/build_id.h"
#include "base/error.h"

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

// The same kinds of failure as jni/guard.h tells apart.
void Worker::answer(const RequestHead& request) {
  try {
    run(request);
  } catch (const MalformedMessage&) {
    throw;
  } catch (const ModelFormatError& e) {
    channel_.reply(Outcome::kModelFormatError, e.what());
  } catch (const ConfigurationError& e) {
    channel_.reply(Outcome::kConfigurationError, e.what());
  } catch (const MemoryError& e) {
    channel_.reply(Outcome::kMemoryError, e.what());
  } catch (const std::bad_alloc&) {
    channel_.reply(Outcome::kMemoryError,
                   "The system has no memory left for the worker process: lower "
                   "engine.kv-cache-memory or the batch limits");
  } catch (const EngineError& e) {
    channel_.reply(Outcome::kEngineError, e.what());
  }
}

void Worker::run(const RequestHead& request) {
  int64_t value = 0;
  switch (static_cast<RequestKind>(request.kind)) {
    case RequestKind::kCreate:
      create();
      return;
    case RequestKind::kAttach:
      value = attach();
      break;
    case RequestKind::kPutMask: {
      std::vector<uint64_t> words(channel_.payload().size() / sizeof(uint64_t));
      std::memcpy(words.data(), channel_.payload().data(), words.size() * sizeof(uint64_t));
      runner().put_mask(request.first, words);
      break;
    }
    case RequestKind::kOpenAdapter:
      value = runner().open_adapter(channel_.payload());
      break;
    case RequestKind::kFillAdapter:
      runner().fill_adapter(request.first, request.second, channel_.payload());
      break;
    case RequestKind::kStep:
      runner().step(request.first);
      break;
    case RequestKind::kAdapterBytes:
      value = runner().runner().adapter_bytes();
      break;
    case RequestKind::kStop:
      break;  // ends the loop before
  }
  channel_.reply(Outcome::kDone, value, {});
}

// Replies with the numbers that Java asks of a runner, then the name of its kernels.
void Worker::create() {
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
  runner_ = std::make_unique<AttachedRunner>(payload.subspan(path_bytes), path);
  runner_->report_to(status_);

  const Runner& runner = runner_->runner();
  std::vector<int64_t> words = {runner.threads(), runner.buffer_bytes()};
  words.insert(words.end(), runner.layout().offsets().begin(), runner.layout().offsets().end());
  const std::string_view name = runner.kernels().name;
  std::vector<std::byte> reply(words.size() * sizeof(int64_t) + name.size());
  std::memcpy(reply.data(), words.data(), words.size() * sizeof(int64_t));
  std::memcpy(reply.data() + words.size() * sizeof(int64_t), name.data(), name.size());
  channel_.reply(Outcome::kDone, static_cast<int64_t>(words.size()), reply);
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
