#include "worker/shared_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace sparkllama {
namespace {

[[noreturn]] void fail(int error, int64_t bytes) {
  throw MemoryError("The system gives no memory to share with the worker process: " +
                    std::to_string(bytes) + " bytes: " + std::generic_category().message(error));
}

}  // namespace

SharedMemory::SharedMemory(const char* name, int64_t bytes)
    : descriptor_(::memfd_create(name, MFD_CLOEXEC)) {
  if (descriptor_ < 0) {
    fail(errno, bytes);
  }
  void* memory = MAP_FAILED;
  if (::ftruncate(descriptor_, bytes) == 0) {
    memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  }
  if (memory == MAP_FAILED) {
    const int error = errno;
    ::close(descriptor_);
    fail(error, bytes);
  }
  bytes_ = {static_cast<std::byte*>(memory), static_cast<size_t>(bytes)};
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(std::exchange(other.bytes_, std::span<std::byte>())) {}

SharedMemory::~SharedMemory() {
  if (descriptor_ >= 0) {
    ::munmap(bytes_.data(), bytes_.size());
    ::close(descriptor_);
  }
}

}  // namespace sparkllama
