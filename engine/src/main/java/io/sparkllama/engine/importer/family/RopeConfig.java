package io.sparkllama.engine.importer.family;

import io.sparkllama.engine.importer.json.JsonObject;
import java.util.Optional;

/**
 * Reads how a config.json says that positions are turned: {@code rope_theta} and {@code
 * rope_scaling}, or both in one object {@code rope_parameters}, as newer files have it.
 *
 * @param base the base of the frequencies
 * @param type of the stretching; {@code default} where there is none
 * @param values the object that the type's numbers stand in
 * @param rotatedShare of a head's elements that are turned
 */
public record RopeConfig(double base, String type, JsonObject values, double rotatedShare) {
  private static final double DEFAULT_BASE = 10_000;

  public static RopeConfig of(JsonObject config) {
    return of(config, config.optionalObject("rope_parameters"));
  }

  /**
   * Reads what holds for layers of one type, where {@code rope_parameters} has an object for each;
   * what holds for all where it has not.
   */
  static RopeConfig of(JsonObject config, String layerType) {
    Optional<JsonObject> parameters = config.optionalObject("rope_parameters");
    return of(
        config, parameters.flatMap(all -> all.optionalObject(layerType)).or(() -> parameters));
  }

  private static RopeConfig of(JsonObject config, Optional<JsonObject> parameters) {
    JsonObject values = parameters.or(() -> config.optionalObject("rope_scaling")).orElse(config);
    JsonObject owner = parameters.orElse(config);
    double base =
        owner
            .optionalReal("rope_theta")
            .orElse(config.optionalReal("rope_theta").orElse(DEFAULT_BASE));
    if (!(base > 0)) {
      throw owner.invalid("rope_theta", "must be positive but is " + base);
    }
    double share =
        owner
            .optionalReal("partial_rotary_factor")
            .orElse(config.optionalReal("partial_rotary_factor").orElse(1));
    if (!(share > 0 && share <= 1)) {
      throw owner.invalid("partial_rotary_factor", "must be above 0, at most 1, but is " + share);
    }
    return new RopeConfig(base, type(values, config), values, share);
  }

  /** Returns the number of elements of a head that are turned. */
  public int dimension(HyperParameters shape) {
    return 2 * (int) (shape.headDimension() * rotatedShare / 2);
  }

  private static String type(JsonObject values, JsonObject config) {
    if (values == config) {
      return "default";
    }
    // "type" is the older name.
    return values.optionalText("rope_type").or(() -> values.optionalText("type")).orElse("default");
  }

  /** Returns a number of the stretching that must be positive. */
  double positive(String name) {
    double value = values.real(name);
    if (!(value > 0)) {
      throw values.invalid(name, "must be positive but is " + value);
    }
    return value;
  }
}
