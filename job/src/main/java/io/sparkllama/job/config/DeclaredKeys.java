package io.sparkllama.job.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Declares keys of a job file, keeps their order, and finds them. */
final class DeclaredKeys {
  private final List<ConfigKey<?>> keys = new ArrayList<>();

  /** Joins declarations in the order in which they are given. */
  static DeclaredKeys of(DeclaredKeys... parts) {
    DeclaredKeys joined = new DeclaredKeys();
    for (DeclaredKeys part : parts) {
      joined.keys.addAll(part.keys);
    }
    return joined;
  }

  /** Returns all keys in the order of their declarations. */
  List<ConfigKey<?>> all() {
    return List.copyOf(keys);
  }

  Optional<ConfigKey<?>> find(String path) {
    return keys.stream()
        .filter(key -> key.path().equals(path))
        .<ConfigKey<?>>map(key -> key)
        .findFirst();
  }

  List<String> paths() {
    return keys.stream().map(ConfigKey::path).toList();
  }

  boolean isSection(String path) {
    return keys.stream().anyMatch(key -> key.path().startsWith(path + "."));
  }

  /** Declares a key that every job file must have. */
  <T> ConfigKey<T> required(String path, ConfigType<T> type, String doc) {
    return declare(new ConfigKey<>(path, type, Optional.empty(), true, "", doc));
  }

  /** Declares a key that has no default. */
  <T> ConfigKey<T> optional(String path, ConfigType<T> type, String doc) {
    return declare(new ConfigKey<>(path, type, Optional.empty(), false, "", doc));
  }

  /** Declares a key with a default. */
  <T> ConfigKey<T> of(String path, ConfigType<T> type, T defaultValue, String unit, String doc) {
    return declare(new ConfigKey<>(path, type, Optional.of(defaultValue), false, unit, doc));
  }

  private <T> ConfigKey<T> declare(ConfigKey<T> key) {
    keys.add(key);
    return key;
  }
}
