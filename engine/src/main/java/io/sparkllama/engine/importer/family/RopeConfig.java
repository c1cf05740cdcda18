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
  private static final String SHARE = "partial_rotary_factor";

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
            .optionalPositive("rope_theta")
            .orElse(config.optionalPositive("rope_theta").orElse(DEFAULT_BASE));
    double share = owner.optionalReal(SHARE).orElse(config.optionalReal(SHARE).orElse(1));
    if (!(share > 0 && share <= 1)) {
      throw owner.invalid(SHARE, "must be above 0, at most 1, but is " + share);
    }
    return new RopeConfig(base, type(values, config), values, share);
  }

  /** Returns the number of elements of a head that are turned: even, and at least 2. */
  int dimension(JsonObject config, HyperParameters shape) {
    int dimension = 2 * (int) (shape.headDimension() * rotatedShare / 2);
    if (dimension < 2) {
      throw config.invalid(
          SHARE,
          "is " + rotatedShare + ", which turns nothing of a head's " + shape.headDimension());
    }
    return dimension;
  }

  /** Refuses a model in which only a part of each head is turned. */
  void requireWholeHeads(JsonObject config) {
    if (rotatedShare != 1) {
      throw config.invalid(SHARE, "must be 1 in a model of this family, but is " + rotatedShare);
    }
  }

  private static String type(JsonObject values, JsonObject config) {
    if (values == config) {
      return "default";
    }
    // "type" is the older name.
    return values.optionalText("rope_type").or(() -> values.optionalText("type")).orElse("default");
  }
}
