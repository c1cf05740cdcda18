package io.sparkllama.job;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.config.AdapterSetting;
import io.sparkllama.job.config.ConfigValues;
import io.sparkllama.job.config.JobKeys;
import io.sparkllama.job.config.NearestName;
import io.sparkllama.job.pipeline.AdapterChoice;
import java.util.List;
import java.util.Optional;

/** Reads the keys of a job's adapters: which there are, and which rows take. */
final class AdapterKeys {
  private AdapterKeys() {}

  /**
   * Returns the adapters that the engine needs: the one that all rows take, or all that they may
   * choose from.
   *
   * @throws InvalidConfigurationException where the keys do not fit each other
   */
  static List<AdapterSetting> adapters(ConfigValues values) {
    List<AdapterSetting> listed = values.value(JobKeys.MODEL_ADAPTERS);
    Optional<String> chosen = values.optional(JobKeys.MODEL_ADAPTER);
    boolean byRow = values.names(JobKeys.PROMPT_ADAPTER_COLUMN);
    if (chosen.isPresent() && byRow) {
      throw new InvalidConfigurationException(
          "model.adapter is for all rows, and prompt.adapter-column for each: keep one of the two.");
    }
    if (chosen.isEmpty() && !byRow && !listed.isEmpty()) {
      throw new InvalidConfigurationException(
          "model.adapters has no effect where no row takes one: name one by model.adapter, or a"
              + " column with their names by prompt.adapter-column.");
    }
    if (byRow && listed.isEmpty()) {
      throw new InvalidConfigurationException(
          "prompt.adapter-column needs adapters to choose from: list them in model.adapters.");
    }
    if (listed.size() > EngineOptions.MOST_ADAPTERS) {
      throw new InvalidConfigurationException(
          "model.adapters may list at most "
              + EngineOptions.MOST_ADAPTERS
              + " adapters: "
              + listed.size());
    }
    return chosen.isEmpty() ? listed : List.of(named(chosen.get(), listed));
  }

  private static AdapterSetting named(String name, List<AdapterSetting> listed) {
    return listed.stream()
        .filter(adapter -> adapter.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> {
              List<String> names = listed.stream().map(AdapterSetting::name).toList();
              return new InvalidConfigurationException(
                  "model.adapter names one that model.adapters does not list: "
                      + name
                      + "."
                      + NearestName.question(name, names));
            });
  }

  /** Returns what rows take. */
  static AdapterChoice choice(ConfigValues values) {
    return values
        .optional(JobKeys.PROMPT_ADAPTER_COLUMN)
        .map(AdapterChoice::ofColumn)
        .or(() -> values.optional(JobKeys.MODEL_ADAPTER).map(AdapterChoice::of))
        .orElse(AdapterChoice.NONE);
  }
}
