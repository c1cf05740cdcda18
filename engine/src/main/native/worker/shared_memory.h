// Owns memory that another process can map by its descriptor, under /proc/PID/fd.
//
// It has no name in any folder, so nothing is left of it when both processes are gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sparkllama {

class SharedMemory {
 public:
  // Zeros. Throws MemoryError where the system gives none. `name` stands in the system's lists.
  SharedMemory(const char* name, int64_t bytes);
  ~SharedMemory();
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&&) = delete;

  int descriptor() const { return descriptor_; }
  // Begins on a page's border.
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  int descriptor_;
  std::span<std::byte> bytes_;
};

}  // namespace sparkllama
