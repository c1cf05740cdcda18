package io.sparkllama.engine.api;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says which device a user wants: {@code auto}, {@code cpu}, {@code cuda}, or {@code cuda:N} for
 * one of several.
 *
 * @param number of {@code cuda:N}, else empty
 */
public record DeviceChoice(Kind kind, OptionalInt number) {
  /** Names the kinds of devices that may be wanted. */
  public enum Kind {
    /** A GPU where Spark gives one, else the processor. */
    AUTO,
    CPU,
    CUDA
  }

  public static final DeviceChoice AUTO = new DeviceChoice(Kind.AUTO, OptionalInt.empty());

  private static final Pattern NUMBERED = Pattern.compile("cuda:(\\d{1,4})");

  /** Reads a choice; empty where the text is none. */
  public static Optional<DeviceChoice> of(String text) {
    Matcher numbered = NUMBERED.matcher(text);
    if (numbered.matches()) {
      int number = Integer.parseInt(numbered.group(1));
      return Optional.of(new DeviceChoice(Kind.CUDA, OptionalInt.of(number)));
    }
    return switch (text) {
      case "auto" -> Optional.of(AUTO);
      case "cpu" -> Optional.of(new DeviceChoice(Kind.CPU, OptionalInt.empty()));
      case "cuda" -> Optional.of(new DeviceChoice(Kind.CUDA, OptionalInt.empty()));
      default -> Optional.empty();
    };
  }

  /** Returns the device where nobody shares devices out: a GPU only where one is asked for. */
  public Device here() {
    return kind == Kind.CUDA ? Device.Cuda.numbered(number.orElse(0)) : Device.PROCESSOR;
  }

  @Override
  public String toString() {
    return switch (kind) {
      case AUTO -> "auto";
      case CPU -> "cpu";
      case CUDA -> number.isPresent() ? "cuda:" + number.getAsInt() : "cuda";
    };
  }
}
