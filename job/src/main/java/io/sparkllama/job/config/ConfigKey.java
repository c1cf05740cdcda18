package io.sparkllama.job.config;

import java.util.Optional;

/**
 * Declares one key of the job file: the only place where its type, default, unit and meaning stand.
 *
 * @param path dotted and kebab-case, such as {@code input.partitions}
 * @param defaultValue what holds where the file says nothing
 * @param required whether every job names it
 * @param unit of the value, empty where it has none
 * @param doc one or more sentences for the reference page
 */
public record ConfigKey<T>(
    String path,
    ConfigType<T> type,
    Optional<T> defaultValue,
    boolean required,
    String unit,
    String doc) {

  /** Returns the section, the path's first part: {@code input}. */
  public String section() {
    int dot = path.indexOf('.');
    return dot < 0 ? path : path.substring(0, dot);
  }
}
