#include "worker/channel.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

namespace sparkllama {
namespace {

constexpr int32_t kMark = 0x57504c53;  // "SLPW"
constexpr int64_t kMostPayload = int64_t{1} << 30;

}  // namespace

std::optional<RequestHead> Channel::receive() {
  RequestHead head;
  if (!read_whole(std::as_writable_bytes(std::span(&head, 1)))) {
    return std::nullopt;
  }
  if (head.mark != kMark || head.kind < static_cast<int32_t>(RequestKind::kCreate) ||
      head.kind > static_cast<int32_t>(RequestKind::kOpenDevice)) {
    throw MalformedMessage("A message is none of this protocol: mark " + std::to_string(head.mark) +
                           ", kind " + std::to_string(head.kind));
  }
  if (head.length < 0 || head.length > kMostPayload) {
    throw MalformedMessage("A message is longer than any may be: " + std::to_string(head.length) +
                           " bytes");
  }
  payload_.resize(head.length);
  if (!read_whole(payload_) && head.length > 0) {
    throw MalformedMessage("A message ends before its last byte: of " +
                           std::to_string(head.length) + " bytes there are none");
  }
  return head;
}

void Channel::reply(Outcome outcome, int64_t value, std::span<const std::byte> payload) {
  const ReplyHead head = {kMark, static_cast<int32_t>(outcome), value,
                          static_cast<int64_t>(payload.size())};
  outgoing_.resize(sizeof head + payload.size());
  std::memcpy(outgoing_.data(), &head, sizeof head);
  if (!payload.empty()) {
    std::memcpy(outgoing_.data() + sizeof head, payload.data(), payload.size());
  }
  write_whole(outgoing_);
}

void Channel::reply(Outcome outcome, std::string_view message) {
  reply(outcome, 0, std::as_bytes(std::span(message)));
}

// Returns false at the end of the stream, where nothing of the bytes was there.
bool Channel::read_whole(std::span<std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(requests_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "The requests cannot be read");
    }
    if (count == 0 && done > 0) {
      throw MalformedMessage("A message ends before its last byte: of " +
                             std::to_string(bytes.size()) + " bytes there are " +
                             std::to_string(done));
    }
    if (count == 0) {
      return false;
    }
    done += count > 0 ? count : 0;
  }
  return true;
}

void Channel::write_whole(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(replies_, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "A reply cannot be written");
    }
    bytes = bytes.subspan(count > 0 ? count : 0);
  }
}

}  // namespace sparkllama
