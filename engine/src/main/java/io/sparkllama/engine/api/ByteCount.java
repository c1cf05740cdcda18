package io.sparkllama.engine.api;

import java.util.Locale;

/** Writes a number of bytes for people. */
public final class ByteCount {
  private static final String UNITS = "KMGT";

  private ByteCount() {}

  /** Returns a size as a person would read it: {@code 1.2 GiB}. */
  public static String readable(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double size = bytes;
    int power = 0;
    while (size >= 1024 && power < UNITS.length()) {
      size /= 1024;
      power++;
    }
    return String.format(Locale.ROOT, "%.1f %ciB", size, UNITS.charAt(power - 1));
  }
}
