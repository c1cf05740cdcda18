package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.DeviceChoice;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code auto}, {@code cpu}, {@code cuda} and {@code cuda:N}. */
final class DeviceName implements ITypeConverter<DeviceChoice> {
  @Override
  public DeviceChoice convert(String text) {
    return DeviceChoice.of(text)
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "must be auto, cpu, cuda, or cuda:N for one of several: " + text));
  }
}
