package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the main job's files.
 *
 * @param directory takes the job file, the model's cache and the output
 */
record JobFileText(Path directory, Path model, Path documents) {

  /** Writes a job that completes each message by sixteen tokens. */
  Path complete() throws IOException {
    return write(
        "complete",
        """
        task = complete
        prompt.template = "{{ text }}"
        generation { max-tokens = 16, seed = 7 }
        """);
  }

  /**
   * Writes a job that completes each message by sixteen sampled tokens, with every penalty and a
   * bias.
   */
  Path sampled() throws IOException {
    return write(
        "sampled",
        """
        task = complete
        prompt.template = "{{ text }}"
        generation { max-tokens = 16, seed = 7, temperature = 0.8, frequency-penalty = 0.3 }
        generation { repetition-penalty = 1.1, presence-penalty = 0.2, logit-bias = { "13" = -5 } }
        """);
  }

  /** Writes a job that chooses one of the intents for each message. */
  Path classify(Path intents) throws IOException {
    return write(
        "classify",
        """
        task = classify
        prompt.template = "{{ text }}\\nIntent: "
        classify { labels-file = "%s", gold = category }
        """
            .formatted(intents));
  }

  private Path write(String name, String task) throws IOException {
    String common =
        """
        model { path = "%s", cache-directory = "%s" }
        input {
          format = csv
          path = "%s"
          options { header = "true", multiLine = "true", escape = "\\"" }
          partitions = 2
        }
        output { path = "%s", columns = [text, category] }
        """
            .formatted(
                model,
                directory.resolve("models"),
                documents,
                directory.resolve(name + ".parquet"));
    return Files.writeString(directory.resolve(name + ".conf"), task + common);
  }
}
