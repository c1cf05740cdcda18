package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import picocli.CommandLine;

/** Runs one command as the launcher does, and holds what it said. */
record CommandRun(int exitCode, String out, String err) {
  private static final ObjectMapper JSON = new ObjectMapper();

  static CommandRun of(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = SparkLlamaCommand.commandLine();
    commandLine.setOut(new PrintWriter(out));
    commandLine.setErr(new PrintWriter(err));
    int exitCode = commandLine.execute(arguments);
    return new CommandRun(exitCode, out.toString(), err.toString());
  }

  /** Returns each line of standard output as JSON. */
  List<JsonNode> json() {
    return out.lines().map(CommandRun::parsed).toList();
  }

  /** Returns the one JSON object of a command that must have succeeded. */
  JsonNode onlyJson() {
    assertThat(exitCode).as(err).isZero();
    assertThat(json()).hasSize(1);
    return json().get(0);
  }

  /** Checks that the command was refused with one sentence and no stack trace. */
  void assertRefused(int expectedExitCode, String... words) {
    assertThat(exitCode).as(err).isEqualTo(expectedExitCode);
    assertThat(out).isEmpty();
    assertThat(err.lines()).hasSize(1);
    assertThat(err).contains(words).doesNotContain("Exception", "\tat ");
  }

  private static JsonNode parsed(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
