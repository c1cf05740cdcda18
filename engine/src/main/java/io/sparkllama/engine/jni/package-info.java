/** Loads the native library and declares its methods; nothing else declares {@code native}. */
package io.sparkllama.engine.jni;
