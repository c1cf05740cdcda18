package io.sparkllama.engine.importer;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.MetadataValue;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.importer.family.MadeTensor;
import io.sparkllama.engine.importer.vocabulary.TokenizerFiles;
import io.sparkllama.engine.model.ModelConfig;
import io.sparkllama.engine.model.QuantizationMix;
import io.sparkllama.engine.model.WeightMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes a checkpoint's directory as one GGUF. Tensors pass through in pieces, so that memory does
 * not grow with the model; the file appears under its name when it is complete.
 */
public final class ModelImporter {
  /** Bytes that are read at once; a longer row is read whole. */
  private static final int PIECE_BYTES = 4 << 20;

  private static final int VERSION_OF_QUANTIZATION = 2;

  private final Path directory;
  private final Optional<QuantizationType> matrixType;

  /**
   * @param matrixType F32, F16 or BF16 for all matrices; empty for the type that each has
   */
  public ModelImporter(Path directory, Optional<QuantizationType> matrixType) {
    this.directory = directory;
    this.matrixType = matrixType;
  }

  /** Is told how far an import is. */
  public interface Progress {
    /** Tells the bytes of tensors written so far, and of all. */
    void written(long bytes, long total);
  }

  /**
   * Writes the model.
   *
   * @param output the file; an existing one is replaced
   * @throws ModelFormatException where the directory holds no model that can be imported, or one
   *     that could not be run
   * @throws InvalidConfigurationException where the file does not fit on its disk
   */
  public ImportOutcome write(Path output, Progress progress) throws IOException {
    try (CheckpointModel model = CheckpointModel.open(directory)) {
      List<PlannedTensor> tensors = ImportPlan.of(model, matrixType);
      List<MadeTensor> made = model.family().madeTensors(model.config(), model.shape());
      QuantizationType most = mostUsed(tensors);
      GgufContents contents = contents(model, most);
      made.forEach(
          tensor -> contents.tensor(tensor.name(), QuantizationType.F32, tensor.values().length));
      tensors.forEach(tensor -> contents.tensor(tensor.name(), tensor.type(), tensor.dimensions()));
      requireReadable(contents);
      long total = tensors.stream().mapToLong(PlannedTensor::byteSize).sum();
      requireRoom(output, total);
      try (GgufWriter writer = GgufWriter.create(output, contents)) {
        for (MadeTensor tensor : made) {
          writer.write(tensor.name(), bytes(tensor));
        }
        long written = 0;
        for (PlannedTensor tensor : tensors) {
          written = write(tensor, writer, written, total, progress);
        }
        writer.finish();
      }
      return new ImportOutcome(
          model.family().architecture(),
          most.name(),
          made.size() + tensors.size(),
          tensors.stream().mapToLong(PlannedTensor::elements).sum()
              + made.stream().mapToLong(tensor -> tensor.values().length).sum(),
          Files.size(output));
    }
  }

  private GgufContents contents(CheckpointModel model, QuantizationType most) throws IOException {
    GgufContents contents = new GgufContents();
    model.family().writeMetadata(model.config(), model.shape(), contents);
    Path name = directory.toAbsolutePath().normalize().getFileName();
    contents
        .put("general.type", MetadataValue.ofString("model"))
        .put("general.name", MetadataValue.ofString(name == null ? "model" : name.toString()))
        .put("general.file_type", MetadataValue.ofUint32(QuantizationMix.of(most).fileType()))
        .put("general.quantization_version", MetadataValue.ofUint32(VERSION_OF_QUANTIZATION));
    TokenizerFiles.write(directory, model.config(), model.shape().vocabulary(), contents);
    return contents;
  }

  /** Refuses what the engine would refuse, before time is spent on tensors. */
  private void requireReadable(GgufContents contents) {
    GgufFile outcome = contents.preview(directory);
    try {
      WeightMap.of(outcome, ModelConfig.of(outcome));
    } catch (ModelFormatException e) {
      throw new ModelFormatException(
          "the checkpoint's model cannot be run; as a GGUF, " + e.getMessage(), e);
    }
  }

  /** Returns the type that most elements of matrices have. */
  private static QuantizationType mostUsed(List<PlannedTensor> tensors) {
    Map<QuantizationType, Long> elements = new EnumMap<>(QuantizationType.class);
    tensors.stream()
        .filter(tensor -> tensor.dimensions().length > 1)
        .forEach(tensor -> elements.merge(tensor.type(), tensor.elements(), Long::sum));
    return elements.entrySet().stream()
        .max(Comparator.comparingLong(Map.Entry::getValue))
        .map(Map.Entry::getKey)
        .orElse(QuantizationType.F32);
  }

  private static void requireRoom(Path output, long bytes) throws IOException {
    Path folder = output.toAbsolutePath().getParent();
    long usable = Files.getFileStore(folder).getUsableSpace();
    if (usable < bytes) {
      throw new InvalidConfigurationException(
          "the model does not fit on the disk of the output; free some space, or name a file on a"
              + " larger disk: needs "
              + bytes
              + " bytes, has "
              + usable
              + ", folder "
              + folder);
    }
  }

  private long write(
      PlannedTensor tensor, GgufWriter writer, long writtenBefore, long total, Progress progress)
      throws IOException {
    int rowBytes = tensor.source().rowBytes();
    long rows = tensor.source().rows();
    int rowsAtOnce = (int) Math.min(rows, Math.max(1, PIECE_BYTES / rowBytes));
    ElementConversion conversion =
        new ElementConversion(
            tensor.name() + ": " + directory,
            tensor.source().type().imported().orElseThrow(),
            tensor.type(),
            tensor.addend());
    ByteBuffer source = ByteBuffer.allocate(rowsAtOnce * rowBytes).order(ByteOrder.LITTLE_ENDIAN);
    int elements = source.capacity() / tensor.source().type().bytes();
    ByteBuffer target =
        ByteBuffer.allocate(elements * tensor.type().blockBytes()).order(ByteOrder.LITTLE_ENDIAN);
    long written = writtenBefore;
    for (long row = 0; row < rows; row += rowsAtOnce) {
      int count = (int) Math.min(rowsAtOnce, rows - row);
      source.clear().limit(count * rowBytes);
      tensor.source().read(row, source);
      target.clear();
      conversion.convert(source.flip(), target);
      written += target.flip().remaining();
      writer.write(tensor.name(), target);
      progress.written(written, total);
    }
    return written;
  }

  private static ByteBuffer bytes(MadeTensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.allocate(4 * tensor.values().length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(tensor.values());
    return bytes;
  }
}
