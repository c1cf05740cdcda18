package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.jni.BenchNatives;
import io.sparkllama.engine.jni.NativeLibrary;

/**
 * Holds what this machine does at most with the threads of an engine.
 *
 * @param instructionSet whose kernels the engine uses
 * @param int8MultiplyAdds per second, by that instruction set
 * @param bytesRead per second from memory
 */
public record MachinePeaks(
    String instructionSet, int threads, double int8MultiplyAdds, double bytesRead) {
  /** Far beyond the caches of one machine's share of a processor. */
  private static final long BUFFER_BYTES = 1L << 29;

  private static final double SECONDS = 0.5;

  /** Measures the peaks, for about a second. */
  public static MachinePeaks measured(EngineOptions options) {
    NativeLibrary.load(options.nativeDirectory());
    int set = options.instructionSet().ordinal();
    int threads = threads(options);
    return new MachinePeaks(
        BenchNatives.instructionSetInForce(set),
        threads,
        BenchNatives.int8Peak(set, threads, SECONDS),
        BenchNatives.readBandwidth(threads, BUFFER_BYTES, SECONDS));
  }

  /** Measures the bytes read per second alone, for half a second. */
  public static double bandwidth(EngineOptions options) {
    NativeLibrary.load(options.nativeDirectory());
    return BenchNatives.readBandwidth(threads(options), BUFFER_BYTES, SECONDS);
  }

  private static int threads(EngineOptions options) {
    return options.threads() == 0 ? Runtime.getRuntime().availableProcessors() : options.threads();
  }

  /**
   * Returns the higher of each peak: what else runs on a machine only ever lowers them.
   *
   * @param other measured with the same options
   */
  public MachinePeaks higher(MachinePeaks other) {
    return new MachinePeaks(
        instructionSet,
        threads,
        Math.max(int8MultiplyAdds, other.int8MultiplyAdds),
        Math.max(bytesRead, other.bytesRead));
  }
}
