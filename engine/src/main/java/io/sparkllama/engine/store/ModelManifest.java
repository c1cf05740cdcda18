package io.sparkllama.engine.store;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Identifies the content of a model: its files' names and lengths, and one SHA-256 over their bytes
 * in order (what {@code cat FILES | sha256sum} prints).
 *
 * @param sha256 64 lower-case hexadecimal digits
 * @param files in the order in which they are read
 */
public record ModelManifest(String sha256, List<Entry> files) implements Serializable {
  /** Stands beside the files in a cache directory. */
  static final String FILE_NAME = "manifest";

  private static final String FIRST_LINE = "spark-llama model 1";
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern FILE_LINE = Pattern.compile("file (\\d{1,18}) (.+)");

  /** Holds one file's name and its length in bytes. */
  public record Entry(String name, long length) implements Serializable {
    public Entry {
      if (!PartNames.isPlain(name)) {
        throw new IllegalArgumentException("a model's file must have a plain name: " + name);
      }
    }
  }

  public ModelManifest {
    Objects.requireNonNull(sha256, "sha256");
    if (!isSha256(sha256)) {
      throw new IllegalArgumentException(
          "a SHA-256 must be 64 lower-case hexadecimal digits: " + sha256);
    }
    // A plain ArrayList: the lists of List.of travel by Java serialization, but not by Kryo.
    files = new ArrayList<>(files);
    if (files.isEmpty()) {
      throw new IllegalArgumentException("a model must have at least one file");
    }
  }

  @Override
  public List<Entry> files() {
    return java.util.Collections.unmodifiableList(files);
  }

  /** Returns the bytes of all files. */
  public long length() {
    return files.stream().mapToLong(Entry::length).sum();
  }

  /**
   * Returns the name of the model's directory in a cache: equal for equal bytes under equal names.
   */
  public String key() {
    return HexFormat.of().formatHex(newDigest().digest(text().getBytes(StandardCharsets.UTF_8)));
  }

  /** Writes the manifest as it stands in a cache. */
  String text() {
    StringBuilder text = new StringBuilder();
    text.append(FIRST_LINE).append('\n').append("sha256 ").append(sha256).append('\n');
    for (Entry file : files) {
      text.append("file ").append(file.length()).append(' ').append(file.name()).append('\n');
    }
    return text.append("end\n").toString();
  }

  /** Reads what {@link #text} wrote; empty for anything else, such as a file cut short. */
  static Optional<ModelManifest> parse(String text) {
    String[] lines = text.split("\n", -1);
    int count = lines.length - 4;
    boolean framed =
        count >= 1
            && lines[0].equals(FIRST_LINE)
            && lines[1].startsWith("sha256 ")
            && lines[lines.length - 2].equals("end")
            && lines[lines.length - 1].isEmpty();
    if (!framed) {
      return Optional.empty();
    }
    List<Entry> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      var line = FILE_LINE.matcher(lines[2 + i]);
      if (!line.matches() || !PartNames.isPlain(line.group(2))) {
        return Optional.empty();
      }
      files.add(new Entry(line.group(2), Long.parseLong(line.group(1))));
    }
    String sha256 = lines[1].substring("sha256 ".length());
    return isSha256(sha256) ? Optional.of(new ModelManifest(sha256, files)) : Optional.empty();
  }

  static boolean isSha256(String text) {
    return SHA256.matcher(text).matches();
  }

  static MessageDigest newDigest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
