package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads texts from a file of UTF-8, one at a time: one a line, as JSON strings where the file's
 * name ends in {@code .jsonl}. Empty lines of JSON are passed over; an empty line of text is an
 * empty text.
 */
final class TextFile implements AutoCloseable {
  private static final JsonFactory JSON = new JsonFactory();

  private final Path path;
  private final BufferedReader lines;
  private final boolean jsonStrings;
  private long lineNumber;

  TextFile(Path path) throws IOException {
    this.path = path;
    this.lines = Files.newBufferedReader(path, StandardCharsets.UTF_8);
    this.jsonStrings = isJsonLines(path);
  }

  static boolean isJsonLines(Path path) {
    return path.toString().endsWith(".jsonl");
  }

  /** Reads a whole file as one text. */
  static String whole(Path path) throws IOException {
    try {
      return Files.readString(path, StandardCharsets.UTF_8);
    } catch (CharacterCodingException e) {
      throw notUtf8(path);
    } catch (OutOfMemoryError e) {
      throw new InvalidInputException("The file is too large for one text: " + path);
    }
  }

  /** Returns the next text, or nothing at the file's end. */
  Optional<String> next() throws IOException {
    String line = nextLine();
    while (jsonStrings && line != null && line.isBlank()) {
      line = nextLine();
    }
    if (line == null) {
      return Optional.empty();
    }
    return Optional.of(jsonStrings ? parsed(line) : line);
  }

  /** Returns the number of the line read last; the first is 1. */
  long lineNumber() {
    return lineNumber;
  }

  /** Returns the next line as it stands, or null at the file's end. */
  String nextLine() throws IOException {
    try {
      lineNumber++;
      return lines.readLine();
    } catch (CharacterCodingException e) {
      throw notUtf8(path);
    }
  }

  /** Returns the failure that names the line read last. */
  InvalidInputException invalidLine(String problem) {
    return new InvalidInputException("Line " + lineNumber + " " + problem + ": " + path);
  }

  private String parsed(String line) throws IOException {
    try (JsonParser parser = JSON.createParser(line)) {
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw invalidLine("must be a JSON string");
      }
      String text = parser.getText();
      if (parser.nextToken() != null) {
        throw invalidLine("must be one JSON string and nothing more");
      }
      return text;
    } catch (JsonProcessingException e) {
      throw invalidLine("must be a JSON string");
    }
  }

  private static InvalidInputException notUtf8(Path path) {
    return new InvalidInputException("The file is not UTF-8: " + path);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
