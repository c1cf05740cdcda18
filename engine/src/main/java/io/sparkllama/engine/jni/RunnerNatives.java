package io.sparkllama.engine.jni;

/**
 * Declares the methods of the native runner. They are bound when {@link NativeLibrary#load} has
 * returned.
 */
public final class RunnerNatives {
  private RunnerNatives() {}

  /** Returns the digest of the sources that the library was built from. */
  static native String buildId();
}
