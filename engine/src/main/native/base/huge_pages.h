// Asks for large pages where memory is large: fewer misses of the address cache.
#pragma once

#include <sys/mman.h>

#include <cstdint>

namespace sparkllama {

constexpr int64_t kHugePageBytes = int64_t{2} << 20;

// Advises the system, which may have none: nothing depends on it. `memory` begins on a page's
// border.
inline void advise_huge_pages(void* memory, int64_t bytes) {
  if (bytes >= kHugePageBytes) {
    static_cast<void>(::madvise(memory, static_cast<size_t>(bytes), MADV_HUGEPAGE));
  }
}

}  // namespace sparkllama
