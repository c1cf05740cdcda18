package io.sparkllama.job.prompt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads and checks the labels of a classification: at least two, each once, none empty. */
public final class LabelList {
  private static final long MOST_BYTES = 16 << 20;

  /** What the engine compares in one step. */
  private static final int MOST_LABELS = 65_536;

  private LabelList() {}

  /** Reads a file: a JSON list of texts where its name ends in .json, else one label a line. */
  public static List<String> read(Path file) {
    String key = "classify.labels-file";
    try {
      if (!Files.isRegularFile(file)) {
        throw new InvalidConfigurationException(key + " does not exist or is no file: " + file);
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new InvalidConfigurationException(
            key + " is larger than " + MOST_BYTES + " bytes; it should hold labels only: " + file);
      }
      return check(
          key,
          file.toString().endsWith(".json")
              ? json(key, file)
              : Files.readAllLines(file).stream()
                  .map(String::strip)
                  .filter(line -> !line.isEmpty())
                  .toList());
    } catch (IOException wrong) {
      throw new InvalidConfigurationException(
          key + " cannot be read as UTF-8 text: " + file, wrong);
    }
  }

  /** Returns the labels where they are fit to choose from. */
  public static List<String> check(String key, List<String> labels) {
    if (labels.size() < 2 || labels.size() > MOST_LABELS) {
      throw new InvalidConfigurationException(
          key + " must hold between 2 and " + MOST_LABELS + " labels, not " + labels.size());
    }
    Set<String> seen = new HashSet<>();
    for (String label : labels) {
      if (label.isBlank()) {
        throw new InvalidConfigurationException(key + " must not hold an empty label");
      }
      if (!seen.add(label)) {
        throw new InvalidConfigurationException(key + " names a label twice: " + label);
      }
    }
    return List.copyOf(labels);
  }

  private static List<String> json(String key, Path file) throws IOException {
    JsonNode list;
    try {
      list = new ObjectMapper().readTree(file.toFile());
    } catch (JsonProcessingException wrong) {
      throw new InvalidConfigurationException(
          key + " is no JSON, at line " + wrong.getLocation().getLineNr() + ": " + file, wrong);
    }
    List<String> labels = new ArrayList<>();
    for (JsonNode label : list) {
      if (!label.isTextual()) {
        throw new InvalidConfigurationException(key + " must be a JSON list of texts: " + file);
      }
      labels.add(label.textValue());
    }
    if (!list.isArray()) {
      throw new InvalidConfigurationException(key + " must be a JSON list of texts: " + file);
    }
    return labels;
  }
}
