package io.sparkllama.job.screening;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.report.InputFiles;
import java.util.Optional;

/**
 * Says what became of a file of the input, and how the file was then.
 *
 * @param modified milliseconds since 1970
 * @param partition folders that give columns, such as {@code day=2026-11-28}
 * @param sha256 of its bytes, in hexadecimal; empty where they could not be read
 * @param detail why it was set aside, or the path under which its contents were taken; else empty
 */
public record FileRecord(
    String path,
    long length,
    long modified,
    String partition,
    String sha256,
    Fate fate,
    String detail) {

  /** Says what became of a file. */
  public enum Fate {
    /** Its rows were read. */
    TAKEN("taken"),
    /** Its contents were taken under another path, so that it was not read. */
    REDELIVERED(InputFiles.REDELIVERED),
    /** It cannot be read. */
    SET_ASIDE(InputFiles.SET_ASIDE),
    /** Somebody still writes it; it is left for the next run. */
    PARTIAL(InputFiles.PARTIAL);

    private final String text;

    Fate(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }

    static Optional<Fate> of(String text) {
      for (Fate fate : values()) {
        if (fate.text().equals(text)) {
          return Optional.of(fate);
        }
      }
      return Optional.empty();
    }
  }

  static FileRecord of(InputFile file, String sha256, Fate fate, String detail) {
    return new FileRecord(
        file.path(), file.length(), file.modified(), file.partition(), sha256, fate, detail);
  }

  /** Returns the same file with another fate. */
  FileRecord as(Fate other, String why) {
    return new FileRecord(path, length, modified, partition, sha256, other, why);
  }

  /** Tells whether a listing shows the file as it was. */
  boolean isOf(InputFile file) {
    return path.equals(file.path()) && length == file.length() && modified == file.modified();
  }

  /** Adds it to a manifest. */
  void put(ObjectNode object) {
    object.put("path", path);
    object.put("length", length);
    object.put("modified", modified);
    object.put("fate", fate.text());
    putUnlessEmpty(object, "partition", partition);
    putUnlessEmpty(object, "sha256", sha256);
    putUnlessEmpty(object, "detail", detail);
  }

  private static void putUnlessEmpty(ObjectNode object, String field, String text) {
    if (!text.isEmpty()) {
      object.put(field, text);
    }
  }

  /** Says that a manifest is none. */
  static InvalidConfigurationException damaged(String manifest, Throwable cause) {
    return new InvalidConfigurationException(
        "A file that says what a run has taken is damaged, so that no run can go on with it; write"
            + " somewhere else, or begin anew with output.mode = overwrite: "
            + manifest,
        cause);
  }

  /**
   * Reads what {@link #put} wrote.
   *
   * @param manifest its name, for messages
   * @throws InvalidConfigurationException where it is something else
   */
  static FileRecord parse(JsonNode node, String manifest) {
    Optional<Fate> fate = Fate.of(node.path("fate").asText());
    if (fate.isEmpty()
        || node.path("path").asText().isEmpty()
        || !node.path("length").isIntegralNumber()
        || !node.path("modified").isIntegralNumber()) {
      throw damaged(manifest, null);
    }
    return new FileRecord(
        node.path("path").asText(),
        node.path("length").asLong(),
        node.path("modified").asLong(),
        node.path("partition").asText(),
        node.path("sha256").asText(),
        fate.get(),
        node.path("detail").asText());
  }
}
