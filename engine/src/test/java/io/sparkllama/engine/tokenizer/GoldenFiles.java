package io.sparkllama.engine.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * Reads what {@code scripts/tokenizer_tiny.py} wrote: the committed files, or those in the folder
 * that the property {@code sparkllama.tokenizer-golden} names.
 */
final class GoldenFiles {
  private GoldenFiles() {}

  /** Reads a file of one JSON value a line. */
  static List<JsonNode> lines(String name) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<JsonNode> lines = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(new InputStreamReader(open(name), StandardCharsets.UTF_8))) {
      String line = reader.readLine();
      while (line != null) {
        lines.add(mapper.readTree(line));
        line = reader.readLine();
      }
    }
    return lines;
  }

  static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList();
  }

  private static InputStream open(String name) throws IOException {
    String folder = System.getProperty("sparkllama.tokenizer-golden");
    return folder == null
        ? GoldenFiles.class.getResourceAsStream("/tokenizer/" + name)
        : Files.newInputStream(Path.of(folder, name));
  }
}
