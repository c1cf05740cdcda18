// Reads a buffer of 8-byte little-endian words from its beginning, each checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "base/error.h"

namespace sparkllama {

class WordReader {
 public:
  explicit WordReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  int64_t integer() {
    int64_t value;
    take(&value);
    return value;
  }

  // Reads an integer that must lie in [low, high]; `name` stands in the message.
  int64_t integer(const char* name, int64_t low, int64_t high) {
    const int64_t value = integer();
    if (value < low || value > high) {
      throw ModelFormatError(std::string("The description of the model is out of bounds: ") + name +
                             " must be from " + std::to_string(low) + " to " +
                             std::to_string(high) + ", not " + std::to_string(value));
    }
    return value;
  }

  double real() {
    double value;
    take(&value);
    return value;
  }

  int64_t words_left() const { return static_cast<int64_t>(bytes_.size() / sizeof(int64_t)); }

 private:
  template <typename T>
  void take(T* value) {
    static_assert(sizeof(T) == sizeof(int64_t));
    if (bytes_.size() < sizeof(T)) {
      throw ModelFormatError("The description of the model ends too early");
    }
    std::memcpy(value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
  }

  std::span<const std::byte> bytes_;
};

}  // namespace sparkllama
