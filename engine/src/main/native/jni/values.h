// Turns Java's values into C++ ones and back. Throws what jni/guard.h catches.
#pragma once

#include <jni.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace sparkllama {

// The memory of a direct ByteBuffer; Java keeps the buffer reachable while it is used.
inline std::span<std::byte> direct_bytes(JNIEnv* env, jobject buffer) {
  void* address = buffer == nullptr ? nullptr : env->GetDirectBufferAddress(buffer);
  if (address == nullptr) {
    throw EngineError("A buffer given to the native engine is no direct buffer");
  }
  return {static_cast<std::byte*>(address),
          static_cast<size_t>(env->GetDirectBufferCapacity(buffer))};
}

// A UTF-8 string, a byte[] without an end mark.
inline std::string text_of(JNIEnv* env, jbyteArray bytes) {
  if (bytes == nullptr) {
    throw EngineError("A string given to the native engine is null");
  }
  std::string text(env->GetArrayLength(bytes), '\0');
  env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(text.size()),
                          reinterpret_cast<jbyte*>(text.data()));
  return text;
}

// Null, with Java's exception pending, where Java has no memory left.
inline jlongArray long_array(JNIEnv* env, std::span<const int64_t> values) {
  static_assert(sizeof(jlong) == sizeof(int64_t));
  jlongArray array = env->NewLongArray(static_cast<jsize>(values.size()));
  if (array != nullptr) {
    env->SetLongArrayRegion(array, 0, static_cast<jsize>(values.size()),
                            reinterpret_cast<const jlong*>(values.data()));
  }
  return array;
}

// Null, with Java's exception pending, where Java has no memory left.
inline jdoubleArray double_array(JNIEnv* env, std::span<const double> values) {
  jdoubleArray array = env->NewDoubleArray(static_cast<jsize>(values.size()));
  if (array != nullptr) {
    env->SetDoubleArrayRegion(array, 0, static_cast<jsize>(values.size()), values.data());
  }
  return array;
}

// The bits of a long[].
inline std::vector<uint64_t> words_of(JNIEnv* env, jlongArray array) {
  if (array == nullptr) {
    throw EngineError("An array given to the native engine is null");
  }
  std::vector<uint64_t> words(env->GetArrayLength(array));
  env->GetLongArrayRegion(array, 0, static_cast<jsize>(words.size()),
                          reinterpret_cast<jlong*>(words.data()));
  return words;
}

template <typename T>
jlong to_handle(T* object) {
  return static_cast<jlong>(reinterpret_cast<uintptr_t>(object));
}

template <typename T>
T* from_handle(jlong handle) {
  if (handle == 0) {
    throw EngineError("A native object is used that is not there");
  }
  return reinterpret_cast<T*>(static_cast<uintptr_t>(handle));
}

}  // namespace sparkllama
