// Binds the native methods of io.sparkllama.engine.jni.RunnerNatives. Each checks, unwraps, calls
// and returns.
#include <jni.h>

#include <iterator>

#include "base/build_id.h"
#include "jni/bench_natives.h"
#include "jni/guard.h"
#include "jni/pack_natives.h"
#include "jni/quantize_natives.h"
#include "jni/values.h"
#include "runner/attached_runner.h"

namespace sparkllama {
namespace {

jstring build_id_of_library(JNIEnv* env, jclass) {
  return guarded(env, [&] { return env->NewStringUTF(build_id()); });
}

jlongArray batch_layout(JNIEnv* env, jclass, jobject capacity) {
  return guarded(env, [&] {
    WordReader words(direct_bytes(env, capacity));
    const BatchLayout layout(read_batch_capacity(words));
    return long_array(env, layout.offsets());
  });
}

jlong create(JNIEnv* env, jclass, jbyteArray packed_file, jobject description) {
  return guarded(env, [&] {
    return to_handle(new AttachedRunner(direct_bytes(env, description), text_of(env, packed_file)));
  });
}

void destroy(JNIEnv* env, jclass, jlong handle) {
  guarded(env, [&] { delete from_handle<AttachedRunner>(handle); });
}

jint open_adapter(JNIEnv* env, jclass, jlong handle, jobject description) {
  return guarded(env, [&] {
    return jint{from_handle<AttachedRunner>(handle)->open_adapter(direct_bytes(env, description))};
  });
}

void fill_adapter(JNIEnv* env, jclass, jlong handle, jint adapter, jint matrix, jobject rows) {
  guarded(env, [&] {
    from_handle<AttachedRunner>(handle)->fill_adapter(adapter, matrix, direct_bytes(env, rows));
  });
}

jint attach(JNIEnv* env, jclass, jlong handle, jobject buffer) {
  return guarded(env, [&] {
    return jint{from_handle<AttachedRunner>(handle)->attach(direct_bytes(env, buffer))};
  });
}

void put_mask(JNIEnv* env, jclass, jlong handle, jint id, jlongArray words) {
  guarded(env, [&] { from_handle<AttachedRunner>(handle)->put_mask(id, words_of(env, words)); });
}

void step(JNIEnv* env, jclass, jlong handle, jint buffer) {
  guarded(env, [&] { from_handle<AttachedRunner>(handle)->step(buffer); });
}

jstring instruction_set(JNIEnv* env, jclass, jlong handle) {
  return guarded(
      env, [&] { return env->NewStringUTF(from_handle<AttachedRunner>(handle)->runner().name()); });
}

jint threads(JNIEnv* env, jclass, jlong handle) {
  return guarded(env,
                 [&] { return jint{from_handle<AttachedRunner>(handle)->runner().threads()}; });
}

jlong buffer_bytes(JNIEnv* env, jclass, jlong handle) {
  return guarded(
      env, [&] { return jlong{from_handle<AttachedRunner>(handle)->runner().buffer_bytes()}; });
}

jlong adapter_bytes(JNIEnv* env, jclass, jlong handle) {
  return guarded(
      env, [&] { return jlong{from_handle<AttachedRunner>(handle)->runner().adapter_bytes()}; });
}

// JNI takes names as char* but does not write to them.
JNINativeMethod method(const char* name, const char* signature, void* function) {
  return {const_cast<char*>(name), const_cast<char*>(signature), function};
}

bool bind(JNIEnv* env, jclass natives) {
  const JNINativeMethod methods[] = {
      method("buildId", "()Ljava/lang/String;", reinterpret_cast<void*>(build_id_of_library)),
      method("batchLayout", "(Ljava/nio/ByteBuffer;)[J", reinterpret_cast<void*>(batch_layout)),
      method("create", "([BLjava/nio/ByteBuffer;)J", reinterpret_cast<void*>(create)),
      method("destroy", "(J)V", reinterpret_cast<void*>(destroy)),
      method("openAdapter", "(JLjava/nio/ByteBuffer;)I", reinterpret_cast<void*>(open_adapter)),
      method("fillAdapter", "(JIILjava/nio/ByteBuffer;)V", reinterpret_cast<void*>(fill_adapter)),
      method("attach", "(JLjava/nio/ByteBuffer;)I", reinterpret_cast<void*>(attach)),
      method("putMask", "(JI[J)V", reinterpret_cast<void*>(put_mask)),
      method("step", "(JI)V", reinterpret_cast<void*>(step)),
      method("instructionSet", "(J)Ljava/lang/String;", reinterpret_cast<void*>(instruction_set)),
      method("threads", "(J)I", reinterpret_cast<void*>(threads)),
      method("bufferBytes", "(J)J", reinterpret_cast<void*>(buffer_bytes)),
      method("adapterBytes", "(J)J", reinterpret_cast<void*>(adapter_bytes)),
  };
  return env->RegisterNatives(natives, methods, std::size(methods)) == JNI_OK;
}

}  // namespace
}  // namespace sparkllama

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
  JNIEnv* env = nullptr;
  if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_10) != JNI_OK) {
    return JNI_ERR;
  }
  jclass natives = env->FindClass("io/sparkllama/engine/jni/RunnerNatives");
  const bool bound = natives != nullptr && sparkllama::bind(env, natives) &&
                     sparkllama::bind_bench_natives(env) && sparkllama::bind_pack_natives(env) &&
                     sparkllama::bind_quantize_natives(env);
  return bound ? JNI_VERSION_10 : JNI_ERR;
}
