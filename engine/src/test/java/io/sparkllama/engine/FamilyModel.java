package io.sparkllama.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.importer.ModelImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Holds a tiny checkpoint of a family of models, with what an independent implementation says of
 * it; {@code scripts/family_golden.py} made both.
 *
 * @param folder with config.json, model.safetensors and tokenizer.json
 */
public record FamilyModel(String name, Path folder) {
  /**
   * Holds what is expected of one prompt.
   *
   * @param contextLength of the engine; 0 for the model's
   * @param tolerance of each logit
   */
  public record Case(
      String prompt,
      int contextLength,
      int[] promptIds,
      int[] greedyIds,
      String greedyText,
      double tolerance,
      List<Logits> logits) {
    /** Returns the prompt and the completion. */
    public int[] ids() {
      int[] ids = Arrays.copyOf(promptIds, promptIds.length + greedyIds.length);
      System.arraycopy(greedyIds, 0, ids, promptIds.length, greedyIds.length);
      return ids;
    }
  }

  /** Holds the logits after the id at a position: [vocabulary]. */
  public record Logits(int position, float[] values) {}

  /** Returns all families. */
  public static Stream<FamilyModel> all() {
    try {
      Path root = Path.of(FamilyModel.class.getResource("/family").toURI());
      try (Stream<Path> folders = Files.list(root)) {
        return folders
            .sorted()
            .map(folder -> new FamilyModel(folder.getFileName().toString(), folder))
            .toList()
            .stream();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Imports the checkpoint: returns the GGUF file, written into a folder. */
  public Path gguf(Path target) {
    Path file = target.resolve(name + ".gguf");
    try {
      new ModelImporter(folder, Optional.empty()).write(file, (written, total) -> {});
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }

  public List<Case> cases() {
    return cases(folder.resolve("expected.json"));
  }

  /** Reads what is expected from a file. */
  static List<Case> cases(Path file) {
    try {
      List<Case> cases = new ArrayList<>();
      JsonNode root = new ObjectMapper().readTree(file.toFile());
      for (JsonNode node : root.get("cases")) {
        List<Logits> logits = new ArrayList<>();
        for (JsonNode row : node.get("logits")) {
          logits.add(new Logits(row.get("position").asInt(), floats(row.get("float32").asText())));
        }
        cases.add(
            new Case(
                node.get("prompt").asText(),
                node.get("context_length").asInt(),
                ints(node.get("prompt_ids")),
                ints(node.get("greedy_ids")),
                node.get("greedy_text").asText(),
                node.get("tolerance").asDouble(),
                logits));
      }
      return cases;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static float[] floats(String base64) {
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(base64)).order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.remaining() / Float.BYTES];
    bytes.asFloatBuffer().get(values);
    return values;
  }
}
