package io.sparkllama.engine.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Dispatches the launcher's commands that need no Spark; {@code scripts/sparkllama} starts it.
 *
 * <p>Every command exits with 0 on success, 1 on failure, and 2 on bad usage, configuration or
 * model.
 */
@Command(
    name = "sparkllama",
    description = "Runs LLaMA-family models over data sets.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      InspectCommand.class,
      ImportCommand.class,
      QuantizeCommand.class,
      SynthesizeCommand.class,
      TokenizeCommand.class,
      RenderCommand.class,
      CompleteCommand.class,
      ScoreCommand.class,
      PerplexityCommand.class,
      BenchCommand.class,
      CacheCommand.class
    })
public final class SparkLlamaCommand {
  @Mixin private HelpOption help;

  private SparkLlamaCommand() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    configureLogging();
    CommandLine commandLine = commandLine();
    commandLine.setOut(utf8Writer(FileDescriptor.out));
    commandLine.setErr(utf8Writer(FileDescriptor.err));
    int exitCode = commandLine.execute(arguments);
    commandLine.getOut().flush();
    commandLine.getErr().flush();
    System.exit(exitCode);
  }

  /** Makes the commands with the way in which they report failures. */
  static CommandLine commandLine() {
    FailureReport failures = new FailureReport();
    return new CommandLine(new SparkLlamaCommand())
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setExpandAtFiles(false) // a text may begin with @
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures);
  }

  // Before the first logger is made; what the user sets himself stays.
  private static void configureLogging() {
    String prefix = "org.slf4j.simpleLogger.";
    String[][] defaults = {
      {"defaultLogLevel", "warn"},
      {"logFile", "System.err"},
      {"showThreadName", "false"},
      {"showShortLogName", "true"}
    };
    for (String[] setting : defaults) {
      if (System.getProperty(prefix + setting[0]) == null) {
        System.setProperty(prefix + setting[0], setting[1]);
      }
    }
  }

  private static PrintWriter utf8Writer(FileDescriptor file) {
    return new PrintWriter(
        new OutputStreamWriter(new FileOutputStream(file), StandardCharsets.UTF_8), true);
  }
}
