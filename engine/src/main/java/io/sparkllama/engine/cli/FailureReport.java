package io.sparkllama.engine.cli;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.ModelFormatException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Turns what a command throws into one sentence on standard error and an exit code. Only a fault of
 * the program itself shows its stack trace.
 */
final class FailureReport implements IExecutionExceptionHandler, IParameterExceptionHandler {
  @Override
  public int handleParseException(ParameterException exception, String[] arguments) {
    CommandLine command = exception.getCommandLine();
    PrintWriter err = command.getErr();
    String name = command.getCommandSpec().qualifiedName();
    err.println(name + ": " + oneLine(exception.getMessage()) + " (see " + name + " --help)");
    return ExitCode.USAGE;
  }

  @Override
  public int handleExecutionException(
      Exception exception, CommandLine command, ParseResult parsed) {
    Throwable cause = unwrapped(exception);
    PrintWriter err = command.getErr();
    err.println(command.getCommandSpec().qualifiedName() + ": " + sentence(cause));
    if (isFault(cause)) {
      cause.printStackTrace(err);
    }
    return exitCode(cause);
  }

  /** Returns what went wrong, as one line without the names of classes. */
  static String sentence(Throwable cause) {
    if (cause instanceof NoSuchFileException missing) {
      return "There is no such file: " + missing.getFile();
    }
    if (cause instanceof AccessDeniedException denied) {
      return "The file may not be opened: " + denied.getFile();
    }
    if (cause instanceof FileSystemException file) {
      return "The file cannot be used ("
          + (file.getReason() == null ? file.getClass().getSimpleName() : file.getReason())
          + "): "
          + file.getFile();
    }
    String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return isFault(cause) ? "Internal error: " + oneLine(cause.toString()) : oneLine(message);
  }

  /** Returns the exit code for what went wrong. */
  static int exitCode(Throwable cause) {
    boolean input =
        cause instanceof InvalidConfigurationException
            || cause instanceof ModelFormatException
            || cause instanceof NoSuchFileException
            || cause instanceof InvalidInputException;
    return input ? ExitCode.USAGE : ExitCode.SOFTWARE;
  }

  /** Returns what was thrown first, without the wrappers of futures and streams. */
  static Throwable unwrapped(Throwable exception) {
    Throwable cause = exception;
    while (cause.getCause() != null
        && (cause instanceof ExecutionException
            || cause instanceof CompletionException
            || cause instanceof UncheckedIOException)) {
      cause = cause.getCause();
    }
    return cause;
  }

  private static boolean isFault(Throwable cause) {
    return !(cause instanceof IOException
        || cause instanceof InvalidConfigurationException
        || cause instanceof ModelFormatException
        || cause instanceof InvalidInputException
        || cause instanceof EngineFailedException
        || cause instanceof InsufficientMemoryException);
  }

  private static String oneLine(String message) {
    return message == null ? "unknown" : message.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
