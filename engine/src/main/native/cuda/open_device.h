// Declares the one function that the CUDA library exports.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/device.h"

// Opens the device with this number among those that the driver shows. Returns null where it cannot
// be used, and says why in `message`, cut off where it has no room. `build_id` is the caller's: a
// library of other sources has other interfaces, and refuses.
//
// The caller deletes the device after all that was made on it.
extern "C" __attribute__((visibility("default"))) sparkllama::Device* sparkllama_open_device(
    const char* build_id, int32_t ordinal, char* message, size_t message_bytes);
