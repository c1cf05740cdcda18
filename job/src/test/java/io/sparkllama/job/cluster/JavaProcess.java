package io.sparkllama.job.cluster;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs a main class of Spark's in a process of its own, and keeps what it prints. */
final class JavaProcess implements AutoCloseable {
  /**
   * A process of some seconds starts in half the time where it is compiled and collected simply.
   */
  static final List<String> SHORT_LIFE = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final Process process;
  private final Path output;
  private final Path errors;

  private JavaProcess(Process process, Path output, Path errors) {
    this.process = process;
    this.output = output;
    this.errors = errors;
  }

  /**
   * Starts a process on 127.0.0.1 whose Spark home, logs and temporary files are in a directory.
   *
   * @param name of the two files that take what it prints
   * @param arguments main class first
   */
  static JavaProcess start(
      Path directory, String name, List<Path> classPath, List<String> arguments)
      throws IOException {
    Path home = Files.createDirectories(directory.resolve("spark-home"));
    Files.createDirectories(home.resolve("jars"));
    Path temporary = Files.createDirectories(directory.resolve("tmp"));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx1g");
    command.addAll(SHORT_LIFE);
    command.addAll(SparkClassPath.moduleOptions());
    command.add("-Djava.io.tmpdir=" + temporary);
    command.add("-cp");
    command.add(SparkClassPath.join(classPath));
    command.addAll(arguments);
    Path output = directory.resolve(name + ".out");
    Path errors = directory.resolve(name + ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().keySet().removeIf(key -> key.startsWith("SPARK_"));
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.13");
    builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
    builder.environment().put("SPARK_LOCAL_DIRS", temporary.toString());
    return new JavaProcess(builder.start(), output, errors);
  }

  /**
   * Waits until the process has printed a text so many times, and returns the pattern's first group
   * of the last.
   */
  String awaitText(Pattern pattern, int times, Duration patience)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < deadline) {
      Matcher matcher = pattern.matcher(errors() + output());
      int found = 0;
      String last = "";
      while (matcher.find()) {
        found++;
        last = matcher.groupCount() > 0 ? matcher.group(1) : matcher.group();
      }
      if (found >= times) {
        return last;
      }
      if (!process.isAlive()) {
        throw new AssertionError("The process ended before it printed " + pattern + printed());
      }
      Thread.sleep(100);
    }
    throw new AssertionError("The process did not print " + pattern + " in time" + printed());
  }

  /** Waits for the process to end and returns its exit code. */
  int awaitEnd(Duration patience) throws IOException, InterruptedException {
    if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("The process did not end in time" + printed());
    }
    return process.exitValue();
  }

  /** Ends this process alone, as kill -9 does: it can do nothing about it. */
  void kill() {
    process.destroyForcibly();
  }

  /** Asks this process alone to end, by SIGTERM. */
  void terminate() {
    process.destroy();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long id() {
    return process.pid();
  }

  /** Returns what this process has started and what is still running. */
  List<ProcessHandle> children() {
    return process.children().filter(ProcessHandle::isAlive).toList();
  }

  String output() throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  String errors() throws IOException {
    return Files.readString(errors, StandardCharsets.UTF_8);
  }

  private String printed() throws IOException {
    return ":\n" + errors() + output();
  }

  /** Ends the process and those that it started. */
  @Override
  public void close() {
    List<ProcessHandle> descendants = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    descendants.forEach(ProcessHandle::destroyForcibly);
  }
}
