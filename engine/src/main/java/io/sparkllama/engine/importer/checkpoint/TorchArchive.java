package io.sparkllama.engine.importer.checkpoint;

import io.sparkllama.engine.api.ModelFormatException;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Dictionary;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Plain;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Storage;
import io.sparkllama.engine.importer.checkpoint.PickleValue.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads where the tensors of one file lie that {@code torch.save} wrote: a zip archive with a
 * pickle that names them, and an entry for each storage. No Python is run.
 */
final class TorchArchive {
  private static final String PICKLE = "data.pkl";

  /** That of a model of 405 billion parameters has about half a megabyte. */
  private static final long MOST_PICKLE_BYTES = 2 << 20;

  private static final int ZIP_MAGIC = 0x504b0304; // PK, 3, 4

  private final Path path;
  private final int part;
  private final FileChannel channel;
  private Map<String, ZipDirectory.Entry> entries;
  private String prefix;

  private TorchArchive(Path path, int part, FileChannel channel) {
    this.path = path;
    this.part = part;
    this.channel = channel;
  }

  /** Reads the tensors in the order of the pickle; {@code part} is the file's index. */
  static List<CheckpointTensor> read(Path path, int part) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new TorchArchive(path, part, channel).read();
    }
  }

  private List<CheckpointTensor> read() throws IOException {
    if (channel.size() < 4 || bytes(0, 4).getInt() != ZIP_MAGIC) {
      throw failure(
          "is no zip archive; torch before 1.6 wrote another format: load the file with torch and"
              + " save it again, or use safetensors");
    }
    entries = ZipDirectory.read(path, channel);
    ZipDirectory.Entry pickle = pickle();
    prefix = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
    checkByteOrder();
    if (pickle.size() > MOST_PICKLE_BYTES) {
      throw failure("has a pickle of more than " + MOST_PICKLE_BYTES + " bytes");
    }
    PickleValue value = PickleReader.read(path, bytes(pickle.offset(), (int) pickle.size()));
    if (!(value instanceof Dictionary dictionary)) {
      throw failure("holds no dictionary of tensors");
    }
    List<CheckpointTensor> tensors = new ArrayList<>();
    for (Map.Entry<Plain, PickleValue> entry : dictionary.values().entrySet()) {
      if (!(entry.getKey().value() instanceof String name)
          || !(entry.getValue() instanceof Tensor tensor)) {
        throw failure(
            "holds something beside tensors, "
                + ZipDirectory.printable(String.valueOf(entry.getKey().value())));
      }
      tensors.add(located(name, tensor));
    }
    return tensors;
  }

  private ZipDirectory.Entry pickle() {
    List<ZipDirectory.Entry> found =
        entries.values().stream().filter(entry -> entry.name().endsWith("/" + PICKLE)).toList();
    if (found.size() != 1) {
      throw failure("must have one " + PICKLE + " but has " + found.size());
    }
    return found.get(0);
  }

  private void checkByteOrder() throws IOException {
    ZipDirectory.Entry order = entries.get(prefix + "byteorder");
    if (order != null) {
      int length = (int) Math.min(order.size(), 16);
      String text =
          new String(bytes(order.offset(), length).array(), StandardCharsets.US_ASCII).strip();
      if (!text.equals("little")) {
        throw failure("has numbers in an order of bytes that is not little-endian");
      }
    }
  }

  private CheckpointTensor located(String name, Tensor tensor) {
    String what = "tensor " + ZipDirectory.printable(name);
    Storage storage = tensor.storage();
    int elementBytes = storage.type().bytes();
    ZipDirectory.Entry entry = entries.get(prefix + "data/" + storage.key());
    if (entry == null) {
      throw failure("has no data of " + what);
    }
    if (storage.elements() != entry.size() / elementBytes || entry.size() % elementBytes != 0) {
      throw failure(
          "has "
              + entry.size()
              + " bytes of data where "
              + what
              + " lies, which its number of elements does not take, "
              + storage.elements());
    }
    List<Long> shape = tensor.shape();
    if (shape.size() != tensor.strides().size()) {
      throw failure("gives " + what + " a shape that cannot be right");
    }
    long elements = elements(what, tensor);
    if (tensor.offset() < 0
        || tensor.offset() > storage.elements()
        || elements > storage.elements() - tensor.offset()) {
      throw failure("has " + what + " end outside its data");
    }
    return new CheckpointTensor(
        name,
        storage.type(),
        shape,
        part,
        entry.offset() + tensor.offset() * elementBytes,
        elements * elementBytes);
  }

  /** Returns the number of elements, which must lie one after the other, the last index first. */
  private long elements(String what, Tensor tensor) {
    long elements = 1;
    for (int i = tensor.shape().size() - 1; i >= 0; i--) {
      long dimension = tensor.shape().get(i);
      if (dimension > 1 && tensor.strides().get(i) != elements) {
        throw failure(
            "has " + what + " in another order than row by row; make it contiguous and save again");
      }
      if (dimension > 0 && elements > Long.MAX_VALUE / 8 / dimension) {
        throw failure("gives " + what + " more elements than 64 bits can count");
      }
      elements *= dimension;
    }
    return elements;
  }

  private ByteBuffer bytes(long offset, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw failure("became shorter while in use");
      }
    }
    return bytes.flip();
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException("the torch file " + problem + ": " + path);
  }
}
