// Owns an array of numbers on a 64-byte border, made once and never grown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "base/huge_pages.h"

namespace sparkllama {

constexpr int64_t kLineBytes = 64;

// The border that memory of so many bytes begins on, and what it takes: whole lines or pages.
constexpr int64_t memory_border(int64_t bytes) {
  return bytes >= kHugePageBytes ? kHugePageBytes : kLineBytes;
}
constexpr int64_t whole_bytes(int64_t bytes) {
  const int64_t border = memory_border(bytes);
  return std::max((bytes + border - 1) / border * border, kLineBytes);
}

template <typename T>
class AlignedArray {
  static_assert(std::is_trivial_v<T>);

 public:
  AlignedArray() = default;

  // The elements are not initialized.
  explicit AlignedArray(int64_t size) : size_(size) {
    if (size < 0 || size > (std::numeric_limits<int64_t>::max() - kHugePageBytes) /
                               static_cast<int64_t>(sizeof(T))) {
      throw MemoryError("A buffer's size is no size: lower the batch limits: " +
                        std::to_string(size) + " elements");
    }
    const int64_t needed = size * static_cast<int64_t>(sizeof(T));
    bytes_ = whole_bytes(needed);
    data_.reset(static_cast<T*>(std::aligned_alloc(memory_border(needed), bytes_)));
    if (data_ == nullptr) {
      throw MemoryError("A buffer could not be allocated: lower the batch limits: " +
                        std::to_string(bytes_) + " bytes");
    }
    advise_huge_pages(data_.get(), bytes_);
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  int64_t size() const { return size_; }
  // What the array takes, filled up to whole lines or pages.
  int64_t byte_size() const { return bytes_; }
  T& operator[](int64_t index) { return data_.get()[index]; }
  const T& operator[](int64_t index) const { return data_.get()[index]; }

 private:
  struct Free {
    void operator()(T* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<T[], Free> data_;
  int64_t size_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace sparkllama
