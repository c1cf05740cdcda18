package io.sparkllama.job.cluster;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Splits the tests' class path into what a cluster has, and what the job brings. */
final class SparkClassPath {
  /** Parts of the paths of what the job's jar holds, and of what only tests need. */
  private static final List<String> NOT_OF_A_CLUSTER =
      List.of(
          "/target/classes",
          "/target/test-classes",
          "/spark-llama-",
          "/com/typesafe/config/",
          "/info/picocli/",
          "/me/tongfei/",
          "/org/jline/",
          "/org/junit/",
          "/org/assertj/",
          "/hadoop-client-minicluster/",
          "/com/tngtech/");

  /** Parts of the paths of what a user of Delta Lake brings. */
  private static final List<String> OF_DELTA = List.of("/io/delta/", "/io/unitycatalog/");

  private SparkClassPath() {}

  /** Tells whether a jar comes with Delta Lake alone. */
  static boolean isOfDelta(String jar) {
    return OF_DELTA.stream().anyMatch(jar::contains);
  }

  /** Returns Spark and what it needs, as a cluster has it: nothing of this project's own. */
  static List<Path> ofCluster() {
    return all().stream()
        .filter(path -> NOT_OF_A_CLUSTER.stream().noneMatch(path.toString()::contains))
        .filter(path -> !isOfDelta(path.toString()))
        .toList();
  }

  /** Returns all that tests have, for a main class of theirs. */
  static List<Path> ofTests() {
    return all();
  }

  private static List<Path> all() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .toList();
  }

  static String join(List<Path> paths) {
    return paths.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }

  /** Returns what Spark needs opened of Java, as this process got it. */
  static List<String> moduleOptions() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(
            option ->
                option.startsWith("--add-opens=")
                    || option.startsWith("-Djdk.reflect.")
                    || option.startsWith("-Dio.netty."))
        .toList();
  }
}
