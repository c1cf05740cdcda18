#include "jni/bench_natives.h"

#include <iterator>

#include "base/error.h"
#include "cpu/kernel_dispatch.h"
#include "cpu/machine_peaks.h"
#include "jni/guard.h"

namespace sparkllama {
namespace {

jstring instruction_set_in_force(JNIEnv* env, jclass, jint wanted) {
  return guarded(env, [&] {
    const KernelTable* table = kernel_table(static_cast<InstructionSet>(wanted));
    return env->NewStringUTF(table == nullptr ? "none" : table->name);
  });
}

jdouble int8_peak(JNIEnv* env, jclass, jint instruction_set, jint threads, jdouble seconds) {
  return guarded(env, [&] {
    return int8_multiply_adds_per_second(static_cast<InstructionSet>(instruction_set), threads,
                                         seconds);
  });
}

jdouble read_bandwidth(JNIEnv* env, jclass, jint threads, jlong bytes, jdouble seconds) {
  return guarded(env, [&] { return bytes_read_per_second(threads, bytes, seconds); });
}

}  // namespace

bool bind_bench_natives(JNIEnv* env) {
  jclass natives = env->FindClass("io/sparkllama/engine/jni/BenchNatives");
  if (natives == nullptr) {
    return false;
  }
  // JNI takes names as char* but does not write to them.
  const JNINativeMethod methods[] = {
      {const_cast<char*>("instructionSetInForce"), const_cast<char*>("(I)Ljava/lang/String;"),
       reinterpret_cast<void*>(instruction_set_in_force)},
      {const_cast<char*>("int8Peak"), const_cast<char*>("(IID)D"),
       reinterpret_cast<void*>(int8_peak)},
      {const_cast<char*>("readBandwidth"), const_cast<char*>("(IJD)D"),
       reinterpret_cast<void*>(read_bandwidth)},
  };
  return env->RegisterNatives(natives, methods, std::size(methods)) == JNI_OK;
}

}  // namespace sparkllama
