// Keeps C++ exceptions from crossing into Java: each becomes the Java exception of its kind.
#pragma once

#include <jni.h>

#include <exception>
#include <new>

#include "base/error.h"

namespace sparkllama {

inline void throw_java(JNIEnv* env, const char* name, const char* message) {
  if (env->ExceptionCheck()) {
    return;  // Java's own exception came first and stays
  }
  jclass type = env->FindClass(name);
  if (type != nullptr) {
    env->ThrowNew(type, message);
  }
}

// Runs `body`; on an exception leaves the Java exception pending and returns a zero.
template <typename Body>
auto guarded(JNIEnv* env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const ModelFormatError& e) {
    throw_java(env, "io/sparkllama/engine/api/ModelFormatException", e.what());
  } catch (const ConfigurationError& e) {
    throw_java(env, "io/sparkllama/engine/api/InvalidConfigurationException", e.what());
  } catch (const MemoryError& e) {
    throw_java(env, "io/sparkllama/engine/api/InsufficientMemoryException", e.what());
  } catch (const std::bad_alloc&) {
    throw_java(env, "io/sparkllama/engine/api/InsufficientMemoryException",
               "The system has no memory left for the native engine: lower engine.kv-cache-memory "
               "or the batch limits");
  } catch (const std::exception& e) {
    throw_java(env, "io/sparkllama/engine/api/EngineFailedException", e.what());
  } catch (...) {
    throw_java(env, "io/sparkllama/engine/api/EngineFailedException",
               "The native engine failed for a reason it does not name");
  }
  return decltype(body())();
}

}  // namespace sparkllama
