package io.sparkllama.engine.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Prints a command's results on standard output: JSON, one object a line, where {@code --json} is
 * given, and text otherwise.
 */
final class ResultOutput {
  private static final JsonFactory JSON = new JsonFactory();

  /** Finds what UTF-8 has no bytes for: a surrogate that is half of no pair. */
  private static final Pattern HALF_CHARACTER = Pattern.compile("\\p{Cs}");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print JSON, one object a line.")
  private boolean json;

  /** Writes the fields of one JSON object. */
  interface Fields {
    void write(JsonGenerator json) throws IOException;
  }

  boolean isJson() {
    return json;
  }

  /**
   * Prints one result.
   *
   * @throws IOException where standard output is closed, so that nobody waits for results that
   *     nobody reads
   */
  void print(Fields fields, Supplier<String> text) throws IOException {
    PrintWriter out = command.commandLine().getOut();
    if (json) {
      StringWriter line = new StringWriter();
      try (JsonGenerator generator = JSON.createGenerator(line)) {
        generator.writeStartObject();
        fields.write(generator);
        generator.writeEndObject();
      }
      out.println(withoutHalves(line.toString()));
    } else {
      out.println(text.get());
    }
    if (out.checkError()) {
      throw new IOException("Standard output was closed before all results were written.");
    }
  }

  // Such a half can only stand in a string, where JSON has an escape for it.
  private static String withoutHalves(String json) {
    return HALF_CHARACTER
        .matcher(json)
        .replaceAll(half -> "\\\\u%04x".formatted((int) half.group().charAt(0)));
  }

  /** Prints one line on standard error: progress or a remark. */
  void remark(String line) {
    command.commandLine().getErr().println(line);
  }
}
