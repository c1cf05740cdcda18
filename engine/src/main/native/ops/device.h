// Declares a device beside the processor, on which backends are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "ops/backend.h"

namespace sparkllama {

struct DeviceFacts {
  int64_t free_bytes;  // when it was opened
  int64_t total_bytes;
  int32_t multiprocessors;
  int32_t capability_major;
  int32_t capability_minor;
  const char* name;
};

// Throws nothing: the library that it comes from may have a runtime of its own.
class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceFacts& facts() const = 0;

  // Makes a backend, or returns null and says why in failure(). The device outlives it.
  virtual Backend* make_backend(const BackendCapacity& capacity) = 0;
  virtual BackendFailure failure() const = 0;
};

}  // namespace sparkllama
