package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Joins the parts of a model that is split over several files, {@code name-00001-of-00003.gguf} and
 * so on. The names of the other parts come from the given file's own name, never from its content,
 * and they must lie in its directory once symbolic links are followed.
 */
final class SplitModel {
  private static final Pattern PART_NAME = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
  private static final String NUMBER_KEY = "split.no";
  private static final String COUNT_KEY = "split.count";
  private static final String TENSOR_COUNT_KEY = "split.tensors.count";
  private static final int MAX_PARTS = 4096;

  private SplitModel() {}

  static GgufFile read(Path path) {
    GgufReader.Part given = GgufReader.read(path, 0);
    GgufMetadata metadata = new GgufMetadata(path.toString(), given.metadata());
    OptionalInt count = metadata.optionalInteger(COUNT_KEY);
    if (count.isEmpty() || count.getAsInt() == 1) {
      return new GgufFile(List.of(path), given.version(), metadata, given.tensors());
    }
    return join(paths(path, metadata, count.getAsInt()));
  }

  private static List<Path> paths(Path given, GgufMetadata metadata, int count) {
    if (count < 1 || count > MAX_PARTS) {
      throw metadata.invalid(COUNT_KEY, "must be 1 to " + MAX_PARTS + " but is " + count);
    }
    Matcher name = PART_NAME.matcher(given.getFileName().toString());
    if (!name.matches()) {
      throw metadata.invalid(
          COUNT_KEY,
          "says that this is one of "
              + count
              + " parts, so the file must be named like name-00001-of-"
              + fiveDigits(count)
              + ".gguf");
    }
    if (Integer.parseInt(name.group(3)) != count) {
      throw metadata.invalid(COUNT_KEY, "differs from the count in the file's name: " + count);
    }
    List<Path> paths = new ArrayList<>();
    for (int number = 1; number <= count; number++) {
      String part = name.group(1) + "-" + fiveDigits(number) + "-of-" + name.group(3) + ".gguf";
      paths.add(given.resolveSibling(part));
    }
    checkPlaces(given, paths);
    return paths;
  }

  /** A download cache links each part to one directory of its own, which is fine. */
  private static void checkPlaces(Path given, List<Path> paths) {
    for (Path path : paths) {
      if (!Files.exists(path)) {
        throw new ModelFormatException(
            "the model is split over " + paths.size() + " files, of which one is missing: " + path);
      }
    }
    try {
      Path directory = given.toRealPath().getParent();
      for (Path path : paths) {
        if (!directory.equals(path.toRealPath().getParent())) {
          throw new ModelFormatException(
              "a part of the split model is a link out of the directory of the others: " + path);
        }
      }
    } catch (IOException e) {
      throw new ModelFormatException("a part of the split model cannot be read: " + given, e);
    }
  }

  private static GgufFile join(List<Path> paths) {
    Map<String, MetadataValue> joined = new LinkedHashMap<>();
    List<TensorInfo> tensors = new ArrayList<>();
    int version = 0;
    for (int i = 0; i < paths.size(); i++) {
      GgufReader.Part part = GgufReader.read(paths.get(i), i);
      GgufMetadata metadata = new GgufMetadata(paths.get(i).toString(), part.metadata());
      int number = metadata.integer(NUMBER_KEY);
      if (number != i) {
        throw metadata.invalid(
            NUMBER_KEY,
            "is " + number + " but the file's name says part " + (i + 1) + " of " + paths.size());
      }
      part.metadata().forEach((key, value) -> merge(joined, key, value, metadata));
      tensors.addAll(part.tensors());
      version = i == 0 ? part.version() : version;
    }
    GgufMetadata metadata = new GgufMetadata(paths.get(0).toString(), joined);
    OptionalInt expected = metadata.optionalInteger(TENSOR_COUNT_KEY);
    if (expected.isPresent() && expected.getAsInt() != tensors.size()) {
      throw metadata.invalid(
          TENSOR_COUNT_KEY,
          "is " + expected.getAsInt() + " but the parts hold " + tensors.size() + " tensors");
    }
    return new GgufFile(paths, version, metadata, tensors);
  }

  private static void merge(
      Map<String, MetadataValue> joined, String key, MetadataValue value, GgufMetadata source) {
    // Each part has its own number, and may have its own alignment.
    if (key.equals(NUMBER_KEY) || key.equals(TensorListReader.ALIGNMENT_KEY)) {
      joined.putIfAbsent(key, value);
      return;
    }
    MetadataValue earlier = joined.putIfAbsent(key, value);
    if (earlier != null && !earlier.equals(value)) {
      throw source.invalid(key, "differs between the parts of the split model");
    }
  }

  private static String fiveDigits(int number) {
    return "%05d".formatted(number);
  }
}
