// Throws what a backend could not do.
#pragma once

#include <string>

#include "base/error.h"
#include "ops/backend.h"

namespace sparkllama {

inline void throw_if_failed(const BackendFailure& failure) {
  switch (failure.kind) {
    case BackendFailure::Kind::kNone:
      return;
    case BackendFailure::Kind::kMemory:
      throw MemoryError(failure.message);
    case BackendFailure::Kind::kConfiguration:
      throw ConfigurationError(failure.message);
    case BackendFailure::Kind::kDevice:
      throw DeviceError(std::string("The device failed: ") + failure.message);
  }
}

// The same within a step: whatever it was, nothing that the device holds can be relied on.
inline void throw_if_step_failed(const BackendFailure& failure) {
  if (failure.kind != BackendFailure::Kind::kNone) {
    throw DeviceError(std::string("The device failed: ") + failure.message);
  }
}

}  // namespace sparkllama
