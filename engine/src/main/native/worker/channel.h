// Carries requests from the parent process and replies to it, over two pipes.
//
// Numbers are as this machine has them: both ends are on it. The layout of both heads is that of
// io.sparkllama.engine.runner.WorkerProcess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace sparkllama {

enum class RequestKind : int32_t {
  kCreate = 1,    // path's bytes, path, description -> CreatedWords
  kAttach,        // -> value: the descriptor of the buffer's memory
  kPutMask,       // first: id; words
  kOpenAdapter,   // description -> value: id
  kFillAdapter,   // first: adapter; second: matrix; rows
  kStep,          // first: buffer
  kAdapterBytes,  // -> value
  kStop,          // no reply
  kOpenDevice     // first: number; path of its library -> words of its facts, its name
};

enum class Outcome : int32_t {
  kDone = 0,
  kModelFormatError,
  kConfigurationError,
  kMemoryError,
  kEngineError
};

struct RequestHead {
  int32_t mark;
  int32_t kind;
  int32_t first;
  int32_t second;
  int64_t length;  // of the bytes that follow
};
static_assert(sizeof(RequestHead) == 24);

struct ReplyHead {
  int32_t mark;
  int32_t outcome;
  int64_t value;
  int64_t length;  // of the bytes that follow
};
static_assert(sizeof(ReplyHead) == 24);

// Reports a message that no correct parent sends; nothing that follows it can be understood.
struct MalformedMessage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Channel {
 public:
  // Keeps the descriptors open.
  Channel(int requests, int replies) : requests_(requests), replies_(replies) {}

  // Returns nothing at the end of the parent's requests. Throws MalformedMessage.
  std::optional<RequestHead> receive();
  // The bytes after the last head; valid until the next one is received.
  std::span<const std::byte> payload() const { return payload_; }

  // Throws std::system_error where the parent has gone.
  void reply(Outcome outcome, int64_t value, std::span<const std::byte> payload);
  void reply(Outcome outcome, std::string_view message);

 private:
  bool read_whole(std::span<std::byte> bytes);
  void write_whole(std::span<const std::byte> bytes);

  int requests_;
  int replies_;
  std::vector<std::byte> payload_;
  std::vector<std::byte> outgoing_;
};

}  // namespace sparkllama
