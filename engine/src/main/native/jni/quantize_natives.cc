#include "jni/quantize_natives.h"

#include <iterator>
#include <limits>

#include "cpu/kernel_dispatch.h"
#include "jni/guard.h"
#include "jni/values.h"
#include "quantization/quantization.h"

namespace sparkllama {
namespace {

// Most elements of a call: keeps every product below 2^63.
constexpr int64_t kMost = std::numeric_limits<int32_t>::max();

void require_blocks(const char* what, jint type, std::span<const std::byte> buffer, int64_t count) {
  const bool known = is_tensor_type(type) && count >= 1 && count <= kMost;
  const int64_t expected = known ? row_bytes(static_cast<TensorType>(type), count) : -1;
  if (expected < 0 || static_cast<int64_t>(buffer.size()) != expected) {
    throw EngineError("A buffer to quantize does not hold whole blocks of its type: " +
                      std::string(what) + ", " + std::to_string(buffer.size()) + " bytes, type " +
                      std::to_string(type) + ", " + std::to_string(count) + " elements");
  }
}

jdoubleArray quantize_checked(JNIEnv* env, jint source_type, std::span<const std::byte> source,
                              jint target_type, std::span<std::byte> target, int64_t count) {
  require_blocks("source", source_type, source, count);
  require_blocks("target", target_type, target, count);
  const auto to = static_cast<TensorType>(target_type);
  if (source_type != target_type && !is_quantization_target(to)) {
    throw EngineError(std::string("There is no quantizer for the type ") + tensor_type_name(to));
  }
  const QuantizationLoss loss =
      quantize_elements(*kernel_table(InstructionSet::kAuto), static_cast<TensorType>(source_type),
                        source.data(), to, target.data(), count);
  const double sums[] = {loss.squares, loss.squared_errors};
  return double_array(env, sums);
}

jdoubleArray quantize(JNIEnv* env, jclass, jint source_type, jobject source, jint target_type,
                      jobject target, jlong count) {
  return guarded(env, [&] {
    return quantize_checked(env, source_type, direct_bytes(env, source), target_type,
                            direct_bytes(env, target), count);
  });
}

}  // namespace

bool bind_quantize_natives(JNIEnv* env) {
  jclass natives = env->FindClass("io/sparkllama/engine/jni/QuantizeNatives");
  if (natives == nullptr) {
    return false;
  }
  // JNI takes names as char* but does not write to them.
  const JNINativeMethod methods[] = {
      {const_cast<char*>("quantize"),
       const_cast<char*>("(ILjava/nio/ByteBuffer;ILjava/nio/ByteBuffer;J)[D"),
       reinterpret_cast<void*>(quantize)},
  };
  return env->RegisterNatives(natives, methods, std::size(methods)) == JNI_OK;
}

}  // namespace sparkllama
