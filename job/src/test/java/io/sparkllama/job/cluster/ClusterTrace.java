package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what an application and its cluster have left: logs, work directories, event logs. */
final class ClusterTrace {
  private static final Pattern EXECUTOR_LOG = Pattern.compile(".*/app-[^/]+/\\d+/stderr");

  private final Path directory;

  ClusterTrace(Path directory) {
    this.directory = directory;
  }

  /** Returns the error output of each executor that has run a task. */
  List<String> executorLogs() throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(path -> EXECUTOR_LOG.matcher(path.toString()).matches())
          .map(ClusterTrace::text)
          .filter(log -> log.contains("Running task"))
          .toList();
    }
  }

  /** Returns the files under the directory that hold a text, whatever they are, but for some. */
  List<Path> filesWith(String text, List<Path> except) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(Files::isRegularFile)
          .filter(path -> except.stream().noneMatch(path::startsWith))
          .filter(path -> text(path).contains(text))
          .toList();
    }
  }

  /** Counts a text in all files that processes have printed to. */
  long count(String text) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(path -> path.toString().endsWith("err"))
          .mapToLong(
              path -> Pattern.compile(Pattern.quote(text)).matcher(text(path)).results().count())
          .sum();
    }
  }

  /** Reads bytes as letters one by one, so that any file can be searched for an ASCII text. */
  private static String text(Path path) {
    try {
      return new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
