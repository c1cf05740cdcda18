package io.sparkllama.engine.jni;

/**
 * Declares the methods that measure the machine's peaks. They are bound when {@link
 * NativeLibrary#load} has returned.
 */
public final class BenchNatives {
  private BenchNatives() {}

  /**
   * Returns the name of the kernels that are used where this instruction set is asked for, {@code
   * none} where there are none.
   *
   * @param instructionSet ordinal of {@link io.sparkllama.engine.api.InstructionSet}
   */
  public static native String instructionSetInForce(int instructionSet);

  /**
   * Measures the multiply-adds of 8-bit integers per second that all threads reach together, with
   * operands in registers.
   */
  public static native double int8Peak(int instructionSet, int threads, double seconds);

  /**
   * Measures the bytes per second that all threads read together from a buffer of so many bytes.
   */
  public static native double readBandwidth(int threads, long bytes, double seconds);
}
