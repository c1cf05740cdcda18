#include "runner/device_library.h"

#include <dlfcn.h>

#include "base/build_id.h"
#include "base/error.h"

namespace sparkllama {
namespace {

using OpenDevice = Device* (*)(const char* build_id, int32_t ordinal, char* message,
                               size_t message_bytes);

constexpr char kOpenDevice[] = "sparkllama_open_device";  // of cuda/open_device.h

}  // namespace

std::unique_ptr<Device> open_device(const std::string& library, int32_t ordinal) {
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    throw ConfigurationError(std::string("The device's library cannot be loaded: ") + ::dlerror());
  }
  const auto open = reinterpret_cast<OpenDevice>(::dlsym(handle, kOpenDevice));
  if (open == nullptr) {
    throw ConfigurationError("The file is no library of a device: " + library);
  }
  char message[512] = {};
  std::unique_ptr<Device> device(open(build_id(), ordinal, message, sizeof message));
  if (device == nullptr) {
    throw ConfigurationError(std::string("The device cannot be used: ") + message);
  }
  return device;
}

}  // namespace sparkllama
