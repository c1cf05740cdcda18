package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads the list of tensors of one GGUF file and checks that each lies whole within the file. */
final class TensorListReader {
  static final String ALIGNMENT_KEY = "general.alignment";
  static final int DEFAULT_ALIGNMENT = 32;
  static final int MAX_ALIGNMENT = 1 << 16;
  // A name of one character, its length, one dimension and their number, a type and an offset.
  static final int MIN_ENTRY_BYTES = 8 + 1 + 4 + 8 + 4 + 8;
  static final int MAX_NAME_BYTES = 63;
  static final int MAX_DIMENSIONS = 4;

  private final Path path;
  private final int part;
  private final GgufInput input;

  TensorListReader(Path path, int part, GgufInput input) {
    this.path = path;
    this.part = part;
    this.input = input;
  }

  /** Reads the tensors, whose offsets come back counted from the beginning of the file. */
  List<TensorInfo> read(long count, int alignment) throws IOException {
    List<TensorInfo> relative = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (long i = 0; i < count; i++) {
      long start = input.position();
      TensorInfo tensor = readTensor(i, alignment);
      if (!names.add(tensor.name())) {
        throw input.failure("tensor name " + tensor.name() + " occurs twice", start);
      }
      relative.add(tensor);
    }
    long dataStart = (input.position() + alignment - 1) / alignment * alignment;
    List<TensorInfo> tensors = relative.stream().map(tensor -> place(tensor, dataStart)).toList();
    checkOverlaps(tensors);
    return tensors;
  }

  private TensorInfo readTensor(long index, int alignment) throws IOException {
    long start = input.position();
    String name = readName(index, start);
    String what = "tensor " + name;
    long[] dimensions = readDimensions(what);
    int id = input.readInt("the type of " + what);
    QuantizationType type =
        QuantizationType.ofId(id)
            .orElseThrow(
                () ->
                    new ModelFormatException(
                        what + " has type " + TensorTypeName.refusal(id) + ": " + path));
    if (dimensions[0] % type.blockSize() != 0) {
      throw input.failure(
          what
              + " has rows of "
              + dimensions[0]
              + " elements, no multiple of the "
              + type.blockSize()
              + " in a block of "
              + type,
          start);
    }
    long byteSize = byteSize(what, dimensions, type, start);
    long offset = input.readLong("the offset of " + what);
    if (offset % alignment != 0) {
      throw input.failure(
          what
              + " has the offset "
              + Long.toUnsignedString(offset)
              + ", no multiple of the alignment "
              + alignment,
          start);
    }
    if (offset < 0 || offset > input.fileSize()) {
      throw input.failure(
          what
              + " begins at byte "
              + Long.toUnsignedString(offset)
              + " of the data but the file ends at byte "
              + input.fileSize()
              + "; is it complete?",
          start);
    }
    return new TensorInfo(name, type, dimensions, part, offset, byteSize);
  }

  private String readName(long index, long start) throws IOException {
    String what = "the name of tensor " + index;
    String name = input.readString(what, MAX_NAME_BYTES);
    if (name.isEmpty()) {
      throw input.failure(what + " is empty", start);
    }
    if (name.chars().anyMatch(Character::isISOControl)) {
      throw input.failure(what + " has control characters", start);
    }
    return name;
  }

  private long[] readDimensions(String what) throws IOException {
    long start = input.position();
    int count = input.readInt("the number of dimensions of " + what);
    if (count < 1 || count > MAX_DIMENSIONS) {
      throw input.failure(
          what + " has " + Integer.toUnsignedString(count) + " dimensions; 1 to 4 are possible",
          start);
    }
    long[] dimensions = new long[count];
    for (int i = 0; i < count; i++) {
      dimensions[i] = input.readLong("a dimension of " + what);
      if (dimensions[i] < 1) {
        throw input.failure(what + " has a dimension of " + dimensions[i], start);
      }
    }
    return dimensions;
  }

  private long byteSize(String what, long[] dimensions, QuantizationType type, long start) {
    try {
      long bytes = Math.multiplyExact(dimensions[0] / type.blockSize(), type.blockBytes());
      for (int i = 1; i < dimensions.length; i++) {
        bytes = Math.multiplyExact(bytes, dimensions[i]);
      }
      return bytes;
    } catch (ArithmeticException e) {
      throw new ModelFormatException(
          input.failure(what + " has more bytes than 64 bits can count", start).getMessage(), e);
    }
  }

  private TensorInfo place(TensorInfo tensor, long dataStart) {
    long offset = dataStart + tensor.offset();
    if (offset > input.fileSize() || tensor.byteSize() > input.fileSize() - offset) {
      throw input.failure(
          "tensor "
              + tensor.name()
              + " needs "
              + tensor.byteSize()
              + " bytes but the file ends at byte "
              + input.fileSize()
              + "; is it complete?",
          offset);
    }
    return new TensorInfo(
        tensor.name(), tensor.type(), tensor.dimensions(), part, offset, tensor.byteSize());
  }

  private void checkOverlaps(List<TensorInfo> tensors) {
    List<TensorInfo> sorted = new ArrayList<>(tensors);
    sorted.sort(Comparator.comparingLong(TensorInfo::offset));
    for (int i = 1; i < sorted.size(); i++) {
      TensorInfo previous = sorted.get(i - 1);
      TensorInfo next = sorted.get(i);
      if (previous.offset() + previous.byteSize() > next.offset()) {
        throw input.failure(
            "tensors " + previous.name() + " and " + next.name() + " overlap", next.offset());
      }
    }
  }
}
