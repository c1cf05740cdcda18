package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.OpenFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Gives the tensors of a checkpoint as Meta publishes it: consolidated.00.pth and on, each with a
 * part of every matrix, as the devices had it that the model was trained on.
 */
public final class MetaFiles implements Weights {
  private static final int MOST_PARTS = 64;

  private final Path directory;
  private final List<Checkpoint> parts = new ArrayList<>();

  private MetaFiles(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens a directory's weights; the caller closes.
   *
   * @throws ModelFormatException where there are none, a part is missing, or a file is damaged
   */
  public static Weights open(Path directory) throws IOException {
    MetaFiles files = new MetaFiles(directory);
    try {
      for (Path path : paths(directory)) {
        files.parts.add(Checkpoint.open(List.of(path), TorchArchive::read));
      }
      files.checkNames();
      return files;
    } catch (IOException | ModelFormatException e) {
      try (files) {
        throw e;
      }
    }
  }

  private static List<Path> paths(Path directory) throws IOException {
    List<Path> paths;
    try (Stream<Path> all = Files.list(directory)) {
      paths =
          all.filter(path -> path.getFileName().toString().matches("consolidated\\.\\d\\d\\.pth"))
              .sorted()
              .toList();
    }
    if (paths.isEmpty() || paths.size() > MOST_PARTS) {
      throw new ModelFormatException(
          "the directory must have 1 to "
              + MOST_PARTS
              + " files consolidated.00.pth and on, but has "
              + paths.size()
              + ": "
              + directory);
    }
    for (int i = 0; i < paths.size(); i++) {
      Path wanted = directory.resolve("consolidated.%02d.pth".formatted(i));
      if (!paths.get(i).equals(wanted)) {
        throw new ModelFormatException("a part of the checkpoint is missing: " + wanted);
      }
    }
    return paths;
  }

  private void checkNames() {
    for (Checkpoint part : parts) {
      if (!part.names().equals(names())) {
        throw new ModelFormatException(
            "the parts of the checkpoint hold tensors of different names: " + directory);
      }
    }
  }

  @Override
  public Set<String> names() {
    return parts.get(0).names();
  }

  @Override
  public Optional<RowSource> rows(String name) {
    List<RowSource> pieces = parts.stream().flatMap(part -> part.rows(name).stream()).toList();
    if (pieces.isEmpty()) {
      return Optional.empty();
    }
    RowSource first = pieces.get(0);
    for (RowSource piece : pieces) {
      if (piece.type() != first.type() || !piece.shape().equals(first.shape())) {
        throw new ModelFormatException(
            "the parts of a tensor differ in type or shape: " + name + ": " + directory);
      }
    }
    // Every part has whole vectors.
    return Optional.of(
        pieces.size() == 1 || first.shape().size() == 1 ? first : joined(name, pieces));
  }

  /**
   * Joins a matrix: those that give the residual stream are cut by inputs, the others by outputs.
   * The embedding was cut by its width up to Llama 2, and is cut by tokens since.
   */
  private RowSource joined(String name, List<RowSource> pieces) {
    boolean byInputs =
        name.endsWith(".attention.wo.weight")
            || name.endsWith(".feed_forward.w2.weight")
            || name.equals("tok_embeddings.weight") && pieces.get(0).columns() != width();
    return byInputs ? new JoinedColumns(pieces) : new StackedRows(pieces);
  }

  /** Returns the width of the residual stream, from a vector that every part has whole. */
  private long width() {
    return parts.get(0).rows("norm.weight").map(RowSource::rows).orElse(-1L);
  }

  @Override
  public void close() throws IOException {
    OpenFiles.close(parts);
  }
}
