package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.importer.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Finds the files that hold the weights of a Hugging Face directory: one, or shards by an index.
 */
public final class HuggingFaceFiles {
  private static final int MOST_SHARDS = 10_000;

  /**
   * Names the file, or the shards' index, and how they are read; the first that is there counts.
   */
  private enum Kind {
    SAFETENSORS("model.safetensors", SafetensorsHeader::read),
    TORCH("pytorch_model.bin", TorchArchive::read);

    private final String file;
    private final Checkpoint.PartReader reader;

    Kind(String file, Checkpoint.PartReader reader) {
      this.file = file;
      this.reader = reader;
    }
  }

  private HuggingFaceFiles() {}

  /**
   * Opens a directory's weights; the caller closes.
   *
   * @throws ModelFormatException where there are none, or where a file is damaged
   */
  public static Weights open(Path directory) throws IOException {
    for (Kind kind : Kind.values()) {
      Path file = directory.resolve(kind.file);
      if (Files.exists(file)) {
        return Checkpoint.open(List.of(file), kind.reader);
      }
      Path index = directory.resolve(kind.file + ".index.json");
      if (Files.exists(index)) {
        return sharded(directory, index, kind.reader);
      }
    }
    throw new ModelFormatException(
        "the directory has no weights that can be read; there must be model.safetensors or"
            + " pytorch_model.bin, or the index of one in shards: "
            + directory);
  }

  private static Checkpoint sharded(Path directory, Path indexPath, Checkpoint.PartReader reader)
      throws IOException {
    JsonObject index = JsonObject.read(indexPath);
    JsonObject places = index.object("weight_map");
    TreeSet<String> names = new TreeSet<>();
    for (String tensor : places.names()) {
      names.add(places.text(tensor));
    }
    if (names.isEmpty() || names.size() > MOST_SHARDS) {
      throw index.invalid("weight_map", "must name 1 to " + MOST_SHARDS + " files");
    }
    List<Path> shards = new ArrayList<>();
    for (String name : names) {
      // A name with a folder in it could lead out of the directory.
      if (!name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*")) {
        throw index.invalid("weight_map", "names a file that is no plain file name");
      }
      Path shard = directory.resolve(name);
      if (!Files.isRegularFile(shard)) {
        throw new ModelFormatException("a shard that the index names is missing: " + shard);
      }
      shards.add(shard);
    }
    Checkpoint checkpoint = Checkpoint.open(shards, reader);
    try {
      checkPlaces(places, checkpoint);
      return checkpoint;
    } catch (ModelFormatException e) {
      try (checkpoint) {
        throw e;
      }
    }
  }

  private static void checkPlaces(JsonObject places, Checkpoint checkpoint) {
    for (String name : places.names()) {
      CheckpointTensor tensor = checkpoint.tensors().get(name);
      if (tensor == null
          || !checkpoint.path(tensor).getFileName().toString().equals(places.text(name))) {
        throw places.invalid(name, "names a shard that does not hold the tensor");
      }
    }
  }
}
