#include "base/build_id.h"

namespace sparkllama {
namespace {

constexpr char kMarker[] = "sparkllama-build-id:" SPARKLLAMA_BUILD_ID;
constexpr int kPrefix = sizeof("sparkllama-build-id:") - 1;

}  // namespace

const char* build_id() { return kMarker + kPrefix; }

}  // namespace sparkllama
