// Points to an array of numbers in a backend's memory, which the backend owns.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "base/aligned_array.h"
#include "base/error.h"
#include "ops/backend.h"
#include "ops/backend_failure.h"

namespace sparkllama {

template <typename T>
class BackendArray {
  static_assert(std::is_trivial_v<T>);

 public:
  // The elements are not initialized. Throws MemoryError.
  BackendArray(Backend& backend, int64_t size) {
    if (size < 0 || size > (std::numeric_limits<int64_t>::max() - kHugePageBytes) /
                               static_cast<int64_t>(sizeof(T))) {
      throw MemoryError("A buffer's size is no size: lower the batch limits: " +
                        std::to_string(size) + " elements");
    }
    bytes_ = whole_bytes(size * static_cast<int64_t>(sizeof(T)));
    data_ = static_cast<T*>(backend.allocate(bytes_));
    if (data_ == nullptr) {
      throw_if_failed(backend.finish());  // where it was no lack of memory
      throw MemoryError("A buffer could not be allocated: lower the batch limits: " +
                        std::to_string(bytes_) + " bytes");
    }
  }

  T* data() const { return data_; }
  // What the array takes, filled up to whole lines or pages.
  int64_t byte_size() const { return bytes_; }

 private:
  T* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace sparkllama
