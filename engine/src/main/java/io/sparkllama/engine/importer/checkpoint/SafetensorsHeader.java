package io.sparkllama.engine.importer.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.BufferedInputStream;
import java.io.CharConversionException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Reads the header of one safetensors file and checks that each tensor lies whole within the file.
 * The header is read as a stream: memory is taken for tensors alone, and their number is bounded.
 */
final class SafetensorsHeader {
  /** As the format's own reader has it. */
  private static final long MOST_HEADER_BYTES = 100_000_000;

  private static final int LENGTH_BYTES = 8;
  private static final int MOST_TENSORS = 200_000;
  private static final int MOST_NAME = 512;

  /** Bytes of what a file says of itself, in use a few words. */
  private static final long MOST_METADATA_BYTES = 1 << 20;

  private static final int MOST_DIMENSIONS = 8;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(8).build())
          .build();

  private final Path path;
  private final int part;
  private final long fileSize;
  private long dataStart;
  private JsonParser json;

  private SafetensorsHeader(Path path, int part, long fileSize) {
    this.path = path;
    this.part = part;
    this.fileSize = fileSize;
  }

  /** Reads the tensors in the order of their data; {@code part} is the file's index. */
  static List<CheckpointTensor> read(Path path, int part) throws IOException {
    return new SafetensorsHeader(path, part, Files.size(path)).read();
  }

  private List<CheckpointTensor> read() throws IOException {
    try (DataInputStream input =
        new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
      long length = headerLength(input);
      dataStart = LENGTH_BYTES + length;
      try (JsonParser parser = JSON.createParser(new Limited(input, length))) {
        json = parser;
        List<CheckpointTensor> tensors = readTensors();
        checkPlaces(tensors);
        return tensors;
      } catch (CharConversionException e) {
        throw new ModelFormatException(
            "the header of the safetensors file is not text in UTF-8: " + path, e);
      } catch (JsonProcessingException e) {
        throw new ModelFormatException(
            "the header of the safetensors file is not the JSON that it must be, at byte "
                + (LENGTH_BYTES + Math.max(0, e.getLocation().getByteOffset()))
                + ": "
                + path,
            e);
      }
    }
  }

  private long headerLength(DataInputStream input) throws IOException {
    if (fileSize < LENGTH_BYTES) {
      throw failure("the file is too short for the header of a safetensors file");
    }
    long length = Long.reverseBytes(input.readLong());
    if (length < 2 || length > MOST_HEADER_BYTES || length > fileSize - LENGTH_BYTES) {
      throw failure(
          "the safetensors file gives its header a length that cannot be right, "
              + Long.toUnsignedString(length)
              + " bytes of a file of "
              + fileSize);
    }
    return length;
  }

  private List<CheckpointTensor> readTensors() throws IOException {
    List<CheckpointTensor> tensors = new ArrayList<>();
    expect(json.nextToken() == JsonToken.START_OBJECT, "the header", "must be an object");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      expect(json.nextToken() == JsonToken.START_OBJECT, name(name), "must be an object");
      if (name.equals("__metadata__")) {
        skipMetadata();
      } else {
        expect(tensors.size() < MOST_TENSORS, "the header", "names too many tensors");
        tensors.add(readTensor(name));
      }
    }
    expect(json.nextToken() == null, "the header", "must end after its object");
    return tensors;
  }

  /** Passes over the texts that a file says of itself; their names are kept to find doubles. */
  private void skipMetadata() throws IOException {
    long start = json.currentLocation().getByteOffset();
    while (json.nextToken() != JsonToken.END_OBJECT) {
      expect(
          json.currentToken() == JsonToken.FIELD_NAME
              || json.currentToken() == JsonToken.VALUE_STRING,
          "__metadata__",
          "must hold texts");
      expect(
          json.currentLocation().getByteOffset() - start <= MOST_METADATA_BYTES,
          "__metadata__",
          "must have at most " + MOST_METADATA_BYTES + " bytes");
    }
  }

  private CheckpointTensor readTensor(String name) throws IOException {
    expect(
        !name.isEmpty()
            && name.length() <= MOST_NAME
            && name.chars().noneMatch(Character::isISOControl),
        "a tensor's name",
        "must be 1 to " + MOST_NAME + " printable characters");
    ElementType type = null;
    List<Long> shape = null;
    List<Long> place = null;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "dtype" -> type = elementType(name);
        case "shape" -> shape = numbers(name, field, MOST_DIMENSIONS);
        case "data_offsets" -> place = numbers(name, field, 2);
        default -> throw failure(name(name) + " has a field that is not known: " + field);
      }
    }
    expect(type != null && shape != null, name(name), "must have dtype and shape");
    expect(place != null && place.size() == 2, name(name), "must have two data_offsets");
    long begin = place.get(0);
    long end = place.get(1);
    expect(begin <= end, name(name), "must not end before it begins");
    if (end > fileSize - dataStart) {
      throw failure(
          name(name)
              + " ends at byte "
              + end
              + " of the data but the file has "
              + (fileSize - dataStart)
              + "; is it complete?");
    }
    if (byteSize(type, shape) != end - begin) {
      throw failure(
          name(name)
              + " has "
              + (end - begin)
              + " bytes, which its type "
              + type
              + " and shape "
              + shape
              + " do not take");
    }
    return new CheckpointTensor(name, type, shape, part, dataStart + begin, end - begin);
  }

  private ElementType elementType(String tensor) throws IOException {
    expect(json.currentToken() == JsonToken.VALUE_STRING, name(tensor), "must have a dtype");
    String label = json.getText();
    return ElementType.ofLabel(label)
        .orElseThrow(
            () ->
                failure(
                    name(tensor)
                        + " has a dtype that is not known, "
                        + label.substring(0, Math.min(20, label.length()))));
  }

  private List<Long> numbers(String tensor, String field, int most) throws IOException {
    String rule = "must have numbers as its " + field;
    expect(json.currentToken() == JsonToken.START_ARRAY, name(tensor), rule);
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken() == JsonToken.VALUE_NUMBER_INT, name(tensor), rule);
      expect(numbers.size() < most, name(tensor), "has too many numbers as its " + field);
      long number;
      try {
        number = json.getLongValue();
      } catch (JsonProcessingException e) {
        throw new ModelFormatException(
            name(tensor) + " has a number of more than 64 bits as its " + field + ": " + path, e);
      }
      expect(number >= 0, name(tensor), "must have no negative number as its " + field);
      numbers.add(number);
    }
    return numbers;
  }

  /** Returns the bytes that a shape takes; -1 where 64 bits cannot count them. */
  private static long byteSize(ElementType type, List<Long> shape) {
    long bytes = type.bytes();
    for (long dimension : shape) {
      long high = Math.multiplyHigh(bytes, dimension);
      bytes *= dimension;
      if (high != 0 || bytes < 0) {
        return -1;
      }
    }
    return bytes;
  }

  /** Refuses what the format forbids: tensors over each other, and bytes that are no tensor's. */
  private void checkPlaces(List<CheckpointTensor> tensors) {
    tensors.sort(
        Comparator.comparingLong(CheckpointTensor::offset)
            .thenComparingLong(CheckpointTensor::byteSize));
    long end = dataStart;
    String previous = "the header";
    for (CheckpointTensor tensor : tensors) {
      if (tensor.offset() < end) {
        throw failure(name(tensor.name()) + " overlaps " + previous);
      }
      if (tensor.offset() > end) {
        throw failure(
            "there are bytes of no tensor between " + previous + " and " + name(tensor.name()));
      }
      end = tensor.offset() + tensor.byteSize();
      previous = name(tensor.name());
    }
    if (end != fileSize) {
      throw failure("there are " + (fileSize - end) + " bytes after the last tensor");
    }
  }

  private static String name(String tensor) {
    return "tensor " + tensor;
  }

  private void expect(boolean holds, String what, String rule) {
    if (!holds) {
      throw failure(what + " of the safetensors file " + rule);
    }
  }

  private ModelFormatException failure(String problem) {
    return new ModelFormatException(problem + ": " + path);
  }

  /** Gives as many bytes as the header has, and fails where the file ends before. */
  private static final class Limited extends InputStream {
    private final InputStream input;
    private long left;

    Limited(InputStream input, long length) {
      this.input = input;
      this.left = length;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] bytes, int start, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int read = input.read(bytes, start, (int) Math.min(left, length));
      if (read < 0) {
        throw new EOFException("the header ends before its length");
      }
      left -= read;
      return read;
    }
  }
}
