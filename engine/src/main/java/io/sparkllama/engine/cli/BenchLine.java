package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparkllama.engine.api.ByteCount;
import java.io.IOException;
import java.util.Locale;

/** Relates what a batch took to the machine's peaks, and writes that as JSON or text. */
final class BenchLine {
  private final BenchResult result;
  private final WeightWork work;
  private final MachinePeaks peaks;

  BenchLine(BenchResult result, WeightWork work, MachinePeaks peaks) {
    this.result = result;
    this.work = work;
    this.peaks = peaks;
  }

  void write(JsonGenerator json) throws IOException {
    json.writeNumberField("batch", result.batch());
    json.writeNumberField("prompt_tokens", result.prefill().computedTokens());
    json.writeNumberField("new_tokens", result.decode().sampledTokens());
    json.writeNumberField("prefill_tokens_per_second", rounded(prefillRate()));
    json.writeNumberField("decode_tokens_per_second", rounded(decodeRate()));
    json.writeNumberField("share_of_int8_peak_prefill", rounded(shareOfPeak(result.prefill())));
    json.writeNumberField("share_of_int8_peak_decode", rounded(shareOfPeak(result.decode())));
    json.writeNumberField("share_of_bandwidth_decode", rounded(shareOfBandwidth()));
    json.writeNumberField("resident_bytes", result.residentBytes());
    json.writeNumberField(
        "int8_peak_multiply_adds_per_second", Math.rint(peaks.int8MultiplyAdds()));
    json.writeNumberField("bandwidth_peak_bytes_per_second", Math.rint(peaks.bytesRead()));
    json.writeStringField("instruction_set", peaks.instructionSet());
    json.writeNumberField("threads", peaks.threads());
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "batch %4d: prefill %.1f tokens/s (%.0f%% of the int8 peak of %.0f G/s by %s), decode %.1f"
            + " tokens/s (%.0f%%; %.0f%% of the bandwidth of %.1f GB/s), %s resident",
        result.batch(),
        prefillRate(),
        100 * shareOfPeak(result.prefill()),
        peaks.int8MultiplyAdds() * 1e-9,
        peaks.instructionSet(),
        decodeRate(),
        100 * shareOfPeak(result.decode()),
        100 * shareOfBandwidth(),
        peaks.bytesRead() * 1e-9,
        ByteCount.readable(result.residentBytes()));
  }

  private double prefillRate() {
    return result.prefill().computedTokens() / result.prefill().seconds();
  }

  private double decodeRate() {
    return result.decode().sampledTokens() / result.decode().seconds();
  }

  private double shareOfPeak(BenchResult.Phase phase) {
    double multiplyAdds =
        (double) phase.computedTokens() * work.layerMultiplyAdds()
            + (double) phase.sampledTokens() * work.outputMultiplyAdds();
    return multiplyAdds / phase.seconds() / peaks.int8MultiplyAdds();
  }

  // Weights only; keys and values come on top.
  private double shareOfBandwidth() {
    long steps = result.decode().steps();
    double bytes = steps * work.bytesPerStep((double) result.decode().computedTokens() / steps);
    return bytes / result.decode().seconds() / peaks.bytesRead();
  }

  private static double rounded(double value) {
    return Math.rint(value * 10_000) / 10_000;
  }
}
