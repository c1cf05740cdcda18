// Binds the native methods of io.sparkllama.engine.jni.PackNatives.
#pragma once

#include <jni.h>

namespace sparkllama {

// Returns whether all are bound; if not, a Java exception is pending.
bool bind_pack_natives(JNIEnv* env);

}  // namespace sparkllama
