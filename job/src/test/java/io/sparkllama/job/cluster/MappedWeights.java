package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Watches which processes of this machine map packed weights below a folder, and what memory that
 * takes, while a test does something else.
 */
final class MappedWeights implements AutoCloseable {
  /** What native code runs in, as far as the system keeps a program's name. */
  static final String WORKER = "sparkllama-work";

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Path folder;
  private final Thread thread = new Thread(this::watch, "mapped-weights");
  private volatile Sample largest = Sample.NONE;
  private volatile boolean ended;

  /**
   * Is what was seen at one moment, summed over processes.
   *
   * @param programs that map them, one for each process
   * @param resident bytes of the mappings that are in memory, counted in each process
   * @param proportional the same with each page divided by the processes that share it
   */
  record Sample(List<String> programs, long resident, long proportional) {
    private static final Sample NONE = new Sample(List.of(), 0, 0);

    private Sample plus(Sample other) {
      return new Sample(
          Stream.concat(programs.stream(), other.programs.stream()).toList(),
          resident + other.resident,
          proportional + other.proportional);
    }
  }

  MappedWeights(Path folder) {
    this.folder = folder;
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Takes samples one after another. Processes are read one by one, and while they still take
   * pages, an early one's share counts pages as its own that a later one already shares. So a
   * sample counts only where the one before it and the one after it found as much resident: then
   * nothing moved while it was taken.
   */
  private void watch() {
    try {
      Sample before = Sample.NONE;
      Sample now = before;
      while (!ended) {
        Sample after = sample();
        boolean settled = now.resident() == before.resident() && now.resident() == after.resident();
        if (settled && now.resident() > largest.resident()) {
          largest = now;
        }
        before = now;
        now = after;
        Thread.sleep(20);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private Sample sample() throws IOException {
    Sample sum = Sample.NONE;
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        sum = sum.plus(sample(process));
      }
    }
    return sum;
  }

  private Sample sample(Path process) {
    List<String> lines;
    String program;
    try {
      // Most processes map nothing of ours, and their smaps are long.
      if (Files.readAllLines(process.resolve("maps")).stream().noneMatch(this::isOurs)) {
        return Sample.NONE;
      }
      lines = Files.readAllLines(process.resolve("smaps"));
      program = Files.readString(process.resolve("comm")).strip();
    } catch (IOException e) {
      return Sample.NONE; // it has ended, or is another user's
    }
    boolean ours = false;
    long resident = 0;
    long proportional = 0;
    for (String line : lines) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        ours = isOurs(line);
      } else if (ours && line.startsWith("Rss:")) {
        resident += bytes(line);
      } else if (ours && line.startsWith("Pss:")) {
        proportional += bytes(line);
      }
    }
    return new Sample(List.of(program), resident, proportional);
  }

  private boolean isOurs(String line) {
    return line.contains(folder.toString()) && line.endsWith(".packed");
  }

  /** Reads a line such as {@code Pss: 12 kB}. */
  private static long bytes(String line) {
    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
  }

  /**
   * Waits until no process maps them any more, and no worker is left of an executor that ran in the
   * folder, as when all have ended that a job started. A worker that has mapped nothing yet counts,
   * too: it is known by its working directory, which is its executor's.
   */
  static void awaitNone(Path folder) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (MappedWeights weights = new MappedWeights(folder)) {
      for (List<String> left = left(weights); !left.isEmpty(); left = left(weights)) {
        assertThat(System.nanoTime()).as("time, with %s", left).isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }

  private static List<String> left(MappedWeights weights) throws IOException {
    List<String> left = new ArrayList<>(weights.sample().programs());
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (weights.isWorkerBelow(process)) {
          left.add("worker " + process.getFileName());
        }
      }
    }
    return left;
  }

  private boolean isWorkerBelow(Path process) {
    try {
      return Files.readString(process.resolve("comm")).strip().equals(WORKER)
          && Files.readSymbolicLink(process.resolve("cwd")).startsWith(folder.toRealPath());
    } catch (IOException e) {
      return false; // it has ended, or is another user's
    }
  }

  /** Returns what was seen when most was resident and nothing moved. */
  Sample largest() {
    return largest;
  }

  @Override
  public void close() throws InterruptedException {
    ended = true;
    thread.join();
  }
}
