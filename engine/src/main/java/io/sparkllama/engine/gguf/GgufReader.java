package io.sparkllama.engine.gguf;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads one GGUF file of version 2 or 3: its metadata and the places of its tensors, never their
 * data. The file is not trusted: each number is checked before it is used.
 */
final class GgufReader {
  private static final int MAGIC_GGUF = 0x46554747; // "GGUF", first byte lowest
  private static final int MAGIC_FUGG = 0x47475546;
  private static final int MAGIC_GGML = 0x67676d6c;
  private static final int MAGIC_GGMF = 0x67676d66;
  private static final int MAGIC_GGJT = 0x67676a74;
  private static final int MAGIC_GGLA = 0x67676c61;
  private static final int MAX_KEY_BYTES = 65_535;
  private static final int MAX_VALUE_BYTES = 64 << 20;
  // A key of one character, its length, a type and a value of one byte.
  private static final int MIN_ENTRY_BYTES = 8 + 1 + 4 + 1;

  /** Holds what one file says; the offsets of its tensors are absolute. */
  record Part(int version, Map<String, MetadataValue> metadata, List<TensorInfo> tensors) {}

  private final Path path;
  private final int part;
  private final GgufInput input;

  private GgufReader(Path path, int part, GgufInput input) {
    this.path = path;
    this.part = part;
    this.input = input;
  }

  /** Reads a file as the part of this number. */
  static Part read(Path path, int part) {
    if (!Files.exists(path)) {
      throw new InvalidConfigurationException("model file does not exist: " + path);
    }
    if (!Files.isRegularFile(path)) {
      throw new InvalidConfigurationException("model path is not a file: " + path);
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return new GgufReader(path, part, new GgufInput(path, channel, channel.size())).read();
    } catch (IOException e) {
      throw new InvalidConfigurationException(
          "model file cannot be read: " + path + " (" + e + ")", e);
    }
  }

  private Part read() throws IOException {
    int version = readVersion();
    long tensorCount = input.readCount("the number of tensors", TensorListReader.MIN_ENTRY_BYTES);
    long entryCount = input.readCount("the number of metadata entries", MIN_ENTRY_BYTES);
    Map<String, MetadataValue> metadata = readMetadata(entryCount);
    List<TensorInfo> tensors =
        new TensorListReader(path, part, input).read(tensorCount, alignment(metadata));
    return new Part(version, metadata, tensors);
  }

  private int readVersion() throws IOException {
    int magic = input.readInt("the magic number");
    switch (magic) {
      case MAGIC_GGUF -> {}
      case MAGIC_GGML, MAGIC_GGMF, MAGIC_GGJT, MAGIC_GGLA ->
          throw refused("is of a format older than GGUF; convert the original model to GGUF");
      case MAGIC_FUGG ->
          throw refused(
              "is GGUF with its bytes reversed (magic FUGG), which is not supported; convert the"
                  + " original model to little-endian GGUF");
      default -> throw refused("is no GGUF file: it does not begin with GGUF");
    }
    int version = input.readInt("the version");
    if (version == 1) {
      throw refused(
          "is GGUF version 1, which is not supported; versions 2 and 3 are: convert it again");
    }
    if (version != 2 && version != 3) {
      int reversed = Integer.reverseBytes(version);
      if (reversed >= 1 && reversed <= 3) {
        throw refused(
            "is a big-endian GGUF file, which is not supported; convert it to little-endian");
      }
      throw refused(
          "is GGUF version "
              + Integer.toUnsignedString(version)
              + ", which is not supported; versions 2 and 3 are");
    }
    return version;
  }

  private ModelFormatException refused(String problem) {
    return new ModelFormatException("the file " + problem + ": " + path);
  }

  private Map<String, MetadataValue> readMetadata(long count) throws IOException {
    Map<String, MetadataValue> metadata = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      long start = input.position();
      String key = readKey(i, start);
      if (metadata.containsKey(key)) {
        throw input.failure("metadata key " + MessageText.of(key) + " occurs twice", start);
      }
      metadata.put(key, readValue(key));
    }
    return metadata;
  }

  private String readKey(long index, long start) throws IOException {
    String what = "the name of metadata entry " + index;
    String key = input.readString(what, MAX_KEY_BYTES);
    if (key.isEmpty()) {
      throw input.failure(what + " is empty", start);
    }
    if (!key.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw input.failure(what + " has characters other than printable ASCII", start);
    }
    return key;
  }

  private MetadataValue readValue(String key) throws IOException {
    String what = "metadata key " + MessageText.of(key);
    MetadataType type = readType(what, "type");
    return switch (type) {
      case STRING -> new MetadataValue.StringValue(input.readString(what, MAX_VALUE_BYTES));
      case ARRAY -> readArray(what);
      case BOOL -> new MetadataValue.BooleanValue(readBool(what));
      case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 ->
          new MetadataValue.IntegerValue(type, readScalar(type, what).longAt(0));
      case FLOAT32, FLOAT64 ->
          new MetadataValue.FloatValue(type, readScalar(type, what).doubleAt(0));
    };
  }

  private MetadataType readType(String what, String role) throws IOException {
    long start = input.position();
    int id = input.readInt("the " + role + " of " + what);
    return MetadataType.ofId(id)
        .orElseThrow(
            () ->
                input.failure(
                    what + " has the unknown " + role + " " + Integer.toUnsignedString(id), start));
  }

  private boolean readBool(String what) throws IOException {
    long start = input.position();
    int value = input.readByte(what);
    if (value > 1) {
      throw input.failure(what + " is a bool with the value " + value, start);
    }
    return value == 1;
  }

  private NumberArray readScalar(MetadataType type, String what) throws IOException {
    return new NumberArray(type, input.readBytes(type.bytes(), what, input.position()));
  }

  private MetadataValue readArray(String what) throws IOException {
    long start = input.position();
    MetadataType elementType = readType(what, "element type");
    if (elementType == MetadataType.ARRAY) {
      throw input.failure(what + " is an array of arrays, which is not supported", start);
    }
    int minBytes = elementType == MetadataType.STRING ? Long.BYTES : elementType.bytes();
    long count = input.readCount("the number of elements of " + what, minBytes);
    if (elementType == MetadataType.STRING) {
      return readStrings(what, count);
    }
    long dataStart = input.position();
    byte[] bytes = input.readBytes(count * minBytes, what, dataStart);
    if (elementType == MetadataType.BOOL) {
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] < 0 || bytes[i] > 1) {
          throw input.failure(
              what + " has a bool with the value " + Byte.toUnsignedInt(bytes[i]), dataStart + i);
        }
      }
    }
    return new NumberArray(elementType, bytes);
  }

  private MetadataValue readStrings(String what, long count) throws IOException {
    String element = "an element of " + what;
    List<String> strings = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      strings.add(input.readString(element, MAX_VALUE_BYTES));
    }
    return new MetadataValue.StringArray(strings);
  }

  private int alignment(Map<String, MetadataValue> metadata) {
    GgufMetadata checked = new GgufMetadata(path.toString(), metadata);
    long alignment =
        checked
            .optionalLongInteger(TensorListReader.ALIGNMENT_KEY)
            .orElse(TensorListReader.DEFAULT_ALIGNMENT);
    if (alignment < 8
        || alignment > TensorListReader.MAX_ALIGNMENT
        || Long.bitCount(alignment) != 1) {
      throw checked.invalid(
          TensorListReader.ALIGNMENT_KEY,
          "must be a power of two from 8 to "
              + TensorListReader.MAX_ALIGNMENT
              + " but is "
              + alignment);
    }
    return (int) alignment;
  }
}
