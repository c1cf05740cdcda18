// Opens the device that a test runs on: the emulated one, or one of the library that is named.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/build_id.h"
#include "cuda/open_device.h"
#include "runner/device_library.h"

namespace sparkllama::testing {

// arguments[1] is the path of a library, if there is one.
inline std::unique_ptr<Device> tested_device(int count, char** arguments) {
  if (count > 1) return open_device(arguments[1], 0);
  char message[256] = {};
  std::unique_ptr<Device> device(sparkllama_open_device(build_id(), 0, message, sizeof message));
  if (device == nullptr) {
    std::fprintf(stderr, "the emulated device cannot be opened: %s\n", message);
    std::exit(1);
  }
  return device;
}

// Whether the device is a real one, which has time for large cases.
inline bool is_real(int count) { return count > 1; }

}  // namespace sparkllama::testing
