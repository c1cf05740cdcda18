package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import io.sparkllama.engine.api.ByteCount;
import io.sparkllama.engine.api.Device;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/**
 * Relates what a batch took to the machine's peaks where they are its own, and writes that as JSON
 * or text.
 */
final class BenchLine {
  private final BenchResult result;
  private final WeightWork work;
  private final Device device;
  private final Optional<MachinePeaks> peaks;

  /**
   * @param peaks of the machine; empty where the device is none of its processors
   */
  BenchLine(BenchResult result, WeightWork work, Device device, Optional<MachinePeaks> peaks) {
    this.result = result;
    this.work = work;
    this.device = device;
    this.peaks = peaks;
  }

  void write(JsonGenerator json) throws IOException {
    json.writeNumberField("batch", result.batch());
    json.writeNumberField("prompt_tokens", result.prefill().computedTokens());
    json.writeNumberField("new_tokens", result.decode().sampledTokens());
    json.writeNumberField("prefill_tokens_per_second", rounded(prefillRate()));
    json.writeNumberField("decode_tokens_per_second", rounded(decodeRate()));
    if (peaks.isPresent()) {
      writeShares(json, peaks.get());
    }
    json.writeNumberField("resident_bytes", result.residentBytes());
    if (peaks.isPresent()) {
      writePeaks(json, peaks.get());
    }
    json.writeStringField("device", device.toString());
  }

  private void writeShares(JsonGenerator json, MachinePeaks most) throws IOException {
    json.writeNumberField(
        "share_of_int8_peak_prefill", rounded(shareOfPeak(result.prefill(), most)));
    json.writeNumberField("share_of_int8_peak_decode", rounded(shareOfPeak(result.decode(), most)));
    json.writeNumberField("share_of_bandwidth_decode", rounded(shareOfBandwidth(most)));
  }

  private static void writePeaks(JsonGenerator json, MachinePeaks most) throws IOException {
    json.writeNumberField("int8_peak_multiply_adds_per_second", Math.rint(most.int8MultiplyAdds()));
    json.writeNumberField("bandwidth_peak_bytes_per_second", Math.rint(most.bytesRead()));
    json.writeStringField("instruction_set", most.instructionSet());
    json.writeNumberField("threads", most.threads());
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "batch %4d: prefill %.1f tokens/s%s, decode %.1f tokens/s%s, %s resident",
        result.batch(),
        prefillRate(),
        peaks.map(this::prefillShares).orElse(" on " + device),
        decodeRate(),
        peaks.map(this::decodeShares).orElse(""),
        ByteCount.readable(result.residentBytes()));
  }

  private String prefillShares(MachinePeaks most) {
    return String.format(
        Locale.ROOT,
        " (%.0f%% of the int8 peak of %.0f G/s by %s)",
        100 * shareOfPeak(result.prefill(), most),
        most.int8MultiplyAdds() * 1e-9,
        most.instructionSet());
  }

  private String decodeShares(MachinePeaks most) {
    return String.format(
        Locale.ROOT,
        " (%.0f%%; %.0f%% of the bandwidth of %.1f GB/s)",
        100 * shareOfPeak(result.decode(), most),
        100 * shareOfBandwidth(most),
        most.bytesRead() * 1e-9);
  }

  private double prefillRate() {
    return result.prefill().computedTokens() / result.prefill().seconds();
  }

  private double decodeRate() {
    return result.decode().sampledTokens() / result.decode().seconds();
  }

  private double shareOfPeak(BenchResult.Phase phase, MachinePeaks most) {
    double multiplyAdds =
        (double) phase.computedTokens() * work.layerMultiplyAdds()
            + (double) phase.sampledTokens() * work.outputMultiplyAdds();
    return multiplyAdds / phase.seconds() / most.int8MultiplyAdds();
  }

  // Weights only; keys and values come on top.
  private double shareOfBandwidth(MachinePeaks most) {
    long steps = result.decode().steps();
    double bytes = steps * work.bytesPerStep((double) result.decode().computedTokens() / steps);
    return bytes / result.decode().seconds() / most.bytesRead();
  }

  private static double rounded(double value) {
    return Math.rint(value * 10_000) / 10_000;
  }
}
