package io.sparkllama.job.config;

import java.time.LocalDate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tells the keys that decide what stands in an output from those that decide how, where and how far
 * a job runs.
 */
public final class AnswerKeys {
  /** Of these sections only the keys of {@link #DECIDING} count; of any other section all do. */
  private static final Set<String> OTHER_SECTIONS =
      Set.of("model", "input", "output", "limit", "engine", "plan");

  private static final Set<ConfigKey<?>> DECIDING =
      Set.of(
          JobKeys.MODEL_ADAPTER,
          JobKeys.INPUT_KEY,
          OutputKeys.OUTPUT_FORMAT,
          OutputKeys.OUTPUT_OPTIONS,
          OutputKeys.OUTPUT_COLUMNS,
          EngineKeys.KV_CACHE_TYPE,
          EngineKeys.CONTEXT_LENGTH,
          EngineKeys.SLIDING_WINDOW);

  /** The date and the labels themselves count, wherever they come from; gold is only compared. */
  private static final Set<ConfigKey<?>> INDIFFERENT =
      Set.of(
          JobKeys.PROMPT_DATE,
          TaskKeys.CLASSIFY_LABELS,
          TaskKeys.CLASSIFY_LABELS_FILE,
          TaskKeys.CLASSIFY_GOLD);

  private AnswerKeys() {}

  /**
   * Returns the deciding values that differ from their defaults, by their paths, as plain values:
   * texts, numbers, booleans, lists and maps.
   */
  public static Map<String, Object> values(ConfigValues values) {
    Map<String, Object> deciding = new LinkedHashMap<>();
    for (ConfigKey<?> key : AllKeys.DECLARED.all()) {
      Optional<?> value = values.optional(key);
      if (decides(key) && value.isPresent() && !value.equals(key.defaultValue())) {
        deciding.put(key.path(), plain(value.get()));
      }
    }
    return deciding;
  }

  static boolean decides(ConfigKey<?> key) {
    return DECIDING.contains(key)
        || (!OTHER_SECTIONS.contains(key.section()) && !INDIFFERENT.contains(key));
  }

  private static Object plain(Object value) {
    return value instanceof Enum<?> || value instanceof LocalDate
        ? ConfigType.written(value)
        : value;
  }
}
