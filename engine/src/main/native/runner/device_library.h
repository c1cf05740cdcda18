// Opens a device by the library that knows its kind.
//
// Only a worker process does: a driver's fault ends the process that it is in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ops/device.h"

namespace sparkllama {

// Loads the library, which stays until the process ends, and opens a device of it. Throws
// ConfigurationError where there is no such library, driver or device.
std::unique_ptr<Device> open_device(const std::string& library, int32_t ordinal);

}  // namespace sparkllama
