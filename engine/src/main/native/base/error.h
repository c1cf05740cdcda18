// Names failures by what the caller does next; jni/guard.h turns each into its Java exception.
#pragma once

#include <stdexcept>

namespace sparkllama {

// Reports a model that must be refused.
struct ModelFormatError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reports configuration that must be corrected.
struct ConfigurationError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reports memory that could not be had.
struct MemoryError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reports an engine that can run nothing more, or a step that no correct caller would send.
struct EngineError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reports a device that has failed, and with it all that this process holds of it.
struct DeviceError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace sparkllama
