// Binds the native methods of io.sparkllama.engine.jni.QuantizeNatives.
#pragma once

#include <jni.h>

namespace sparkllama {

// Returns whether all are bound; if not, a Java exception is pending.
bool bind_quantize_natives(JNIEnv* env);

}  // namespace sparkllama
