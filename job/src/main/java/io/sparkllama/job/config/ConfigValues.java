package io.sparkllama.job.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Holds the values of a job file, read and checked by their keys' types. */
public final class ConfigValues {
  private final Map<ConfigKey<?>, Object> given;
  private final Map<String, String> spark;

  ConfigValues(Map<ConfigKey<?>, Object> given, Map<String, String> spark) {
    this.given = new HashMap<>(given);
    this.spark = Map.copyOf(spark);
  }

  /** Returns the value given, else the default, else nothing. */
  public <T> Optional<T> optional(ConfigKey<T> key) {
    @SuppressWarnings("unchecked") // JobFile puts only what the key's own type has read
    T value = (T) given.get(key);
    return value == null ? key.defaultValue() : Optional.of(value);
  }

  /** Returns the value given, else the default; a key without either is required. */
  public <T> T value(ConfigKey<T> key) {
    return optional(key)
        .orElseThrow(
            () ->
                new io.sparkllama.engine.api.InvalidConfigurationException(
                    key.path() + " is missing: give " + key.type().allowed() + ". " + key.doc()));
  }

  /** Says whether the file or the command line names the key. */
  public boolean names(ConfigKey<?> key) {
    return given.containsKey(key);
  }

  /** Returns the same values with one more, or another one. */
  public <T> ConfigValues with(ConfigKey<T> key, T value) {
    Map<ConfigKey<?>, Object> all = new HashMap<>(given);
    all.put(key, value);
    return new ConfigValues(all, spark);
  }

  /** Returns the {@code spark.*} settings by their full names. */
  public Map<String, String> spark() {
    return spark;
  }
}
