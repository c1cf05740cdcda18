package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sends a model from the driver to executors whose caches of their own stand for hosts, and counts
 * by Spark's own log who has sent what to whom.
 */
class BroadcastIT {
  private static final Pattern FETCHED =
      Pattern.compile(
          "Getting remote block broadcast_\\d+_piece\\d+ from BlockManagerId\\((\\w+),");

  private static final Duration PATIENCE = Duration.ofMinutes(8);

  @TempDir Path directory;
  private Path logging;

  @BeforeEach
  void writeLogging() throws IOException {
    logging =
        Files.writeString(
            directory.resolve("log4j2.properties"),
            """
            rootLogger.level = info
            rootLogger.appenderRef.stderr.ref = stderr
            appender.stderr.type = Console
            appender.stderr.name = stderr
            appender.stderr.target = SYSTEM_ERR
            appender.stderr.layout.type = PatternLayout
            appender.stderr.layout.pattern = %d{HH:mm:ss.SSS} %level %logger{1} %msg%n%throwable
            logger.blocks.name = org.apache.spark.storage.BlockManager
            logger.blocks.level = debug
            """);
  }

  @Test
  void aModelLargerThanAnyHeapReachesAllHosts() throws Exception {
    Path model = model(640L << 20); // the heaps have 512 MiB

    List<String> got = run(model, 3, 3, 32 << 20, false);

    assertThat(got).hasSize(3);
    for (int host = 0; host < 3; host++) {
      assertSame(copy(host), model);
    }
  }

  @Test
  void oneExecutorOfAHostFetchesForAll() throws Exception {
    Path model = model(40 << 20);

    List<String> got = run(model, 2, 4, 4 << 20, false);

    assertThat(got).hasSize(4);
    assertThat(got.stream().map(line -> line.split(" ")[0]).distinct()).hasSize(4);
    assertSame(copy(0), model);
    assertSame(copy(1), model);
    // The driver's own copy, and one for each host.
    assertThat(new ClusterTrace(directory).count("Copied the model to this host")).isEqualTo(3);
  }

  @Test
  void whenAnExecutorDiesTheNextGoesOnFromWhereItWas() throws Exception {
    Path model = model(80 << 20);

    run(model, 2, 2, 4 << 20, true);

    assertSame(copy(0), model);
    assertSame(copy(1), model);
    Matcher missing =
        Pattern.compile("Copying the model to this host: (\\d+) bytes of (\\d+) from the driver")
            .matcher(String.join("\n", logs()));
    long resumed = 0;
    while (missing.find()) {
      long left = Long.parseLong(missing.group(1));
      resumed += left < Long.parseLong(missing.group(2)) && left > 0 ? 1 : 0;
    }
    assertThat(resumed).isEqualTo(1);
  }

  /**
   * Hosts fetch a chunk's blocks in random orders, at their worst the same chunk in step. Then one
   * takes its j-th block from the driver where none of the others has it, with probability (1 -
   * (j-1)/b)^(n-1) for n hosts and b blocks: that is 1 + n/(2b) copies of each chunk, 1.12 here.
   * Where a host takes the driver for one like any other, the driver sends 1 + 1/2 + 1/3 + 1/4 =
   * 2.08; and 4 where nobody passes anything on.
   */
  @Test
  void theDriverSendsEachBlockLittleMoreThanOnce() throws Exception {
    int block = 256 << 10;
    int chunk = 16 * block;
    int chunks = 32;
    long blocks = chunks * 17; // Kryo writes some bytes more, which make a block of their own
    Path model = model((long) chunks * chunk);
    List<String> hosts = List.of("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5");
    try (StandaloneCluster cluster = StandaloneCluster.start(directory, hosts)) {
      run(
          List.of("-Dspark.master=" + cluster.master(), "-Dspark.broadcast.blockSize=256k"),
          model,
          4,
          4,
          chunk,
          false);
    }

    Map<String, Long> sent = sentBlocks();
    long all = sent.values().stream().mapToLong(Long::longValue).sum();
    assertThat(all)
        .as("blocks by who has sent them, the task's code among them: %s", sent)
        .isBetween(4 * blocks, 4 * blocks + 40);
    assertThat(sent.get("driver"))
        .as("blocks by who has sent them: %s", sent)
        .isBetween(blocks, blocks * 3 / 2);
    assertThat(sent).as("all hosts pass blocks on").hasSize(5);
  }

  private List<String> run(Path model, int hosts, int executors, int chunk, boolean dying)
      throws Exception {
    return run(List.of(), model, hosts, executors, chunk, dying);
  }

  private List<String> run(
      List<String> settings, Path model, int hosts, int executors, int chunk, boolean dying)
      throws Exception {
    List<String> arguments = new ArrayList<>(settings);
    Collections.addAll(
        arguments,
        "-Xmx512m",
        "-Dlog4j2.configurationFile=" + logging.toUri(),
        "io.sparkllama.job.plugin.BroadcastOnCluster",
        model.toString(),
        directory.toString(),
        String.valueOf(hosts),
        String.valueOf(executors),
        String.valueOf(chunk),
        String.valueOf(dying));
    try (JavaProcess process =
        JavaProcess.start(directory, "broadcast", SparkClassPath.ofTests(), arguments)) {
      assertThat(process.awaitEnd(PATIENCE)).as(process.errors()).isZero();
      return process.output().lines().toList();
    }
  }

  private Path model(long length) throws IOException {
    Path file = directory.resolve("m.gguf");
    byte[] bytes = new byte[1 << 20];
    Random random = new Random(5);
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long done = 0; done < length; done += bytes.length) {
        random.nextBytes(bytes);
        out.write(bytes);
      }
    }
    return file;
  }

  private Path copy(int host) throws IOException {
    try (Stream<Path> walk = Files.walk(directory.resolve("host" + host))) {
      return walk.filter(path -> path.endsWith("m.gguf")).findFirst().orElseThrow();
    }
  }

  private static void assertSame(Path copy, Path model) throws IOException {
    assertThat(Files.mismatch(copy, model)).isEqualTo(-1);
  }

  private List<String> logs() throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.filter(path -> path.endsWith("stderr"))
          .map(
              path -> {
                try {
                  return Files.readString(path);
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              })
          .toList();
    }
  }

  /** Returns how many blocks of broadcasts each node has sent, counted where they came in. */
  private Map<String, Long> sentBlocks() throws IOException {
    Map<String, Long> sent = new HashMap<>();
    for (String log : logs()) {
      Matcher fetched = FETCHED.matcher(log);
      while (fetched.find()) {
        sent.merge(fetched.group(1), 1L, Long::sum);
      }
    }
    return sent;
  }
}
