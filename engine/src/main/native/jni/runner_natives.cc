// Binds the native methods of io.sparkllama.engine.jni.RunnerNatives. Each checks, unwraps, calls and returns.
#include <jni.h>

#include <iterator>

#include "jni/build_id.h"
#include "jni/guard.h"

namespace sparkllama {
namespace {

jstring build_id_of_library(JNIEnv* env, jclass) {
  return guarded(env, [&] { return env->NewStringUTF(build_id()); });
}

char kBuildIdName[] = "buildId";
char kBuildIdSignature[] = "()Ljava/lang/String;";

const JNINativeMethod kMethods[] = {
    {kBuildIdName, kBuildIdSignature, reinterpret_cast<void*>(build_id_of_library)},
};

}  // namespace
}  // namespace sparkllama

extern "C" JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* vm, void*) {
  JNIEnv* env = nullptr;
  if (vm->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_10) != JNI_OK) {
    return JNI_ERR;
  }
  jclass natives = env->FindClass("io/sparkllama/engine/jni/RunnerNatives");
  if (natives == nullptr ||
      env->RegisterNatives(natives, sparkllama::kMethods, std::size(sparkllama::kMethods)) != JNI_OK) {
    return JNI_ERR;
  }
  return JNI_VERSION_10;
}
