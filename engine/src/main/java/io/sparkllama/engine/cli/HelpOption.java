package io.sparkllama.engine.cli;

import picocli.CommandLine.Option;

/** Gives a command its help, which wins over what it lacks. */
final class HelpOption {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean requested;

  boolean requested() {
    return requested;
  }
}
