package io.sparkllama.job.cluster;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Watches which processes of this machine map packed weights below a folder, and what memory that
 * takes, while a test does something else.
 */
final class MappedWeights implements AutoCloseable {
  private final Path folder;
  private final Thread thread = new Thread(this::watch, "mapped-weights");
  private volatile Sample largest = new Sample(0, 0, 0);
  private volatile boolean ended;

  /**
   * Is what was seen at one moment, summed over processes.
   *
   * @param resident bytes of the mappings that are in memory, counted in each process
   * @param proportional the same with each page divided by the processes that share it
   */
  record Sample(int processes, long resident, long proportional) {}

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
      Sample before = new Sample(0, 0, 0);
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
    Sample sum = new Sample(0, 0, 0);
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        Sample one = sample(process);
        sum =
            new Sample(
                sum.processes + one.processes,
                sum.resident + one.resident,
                sum.proportional + one.proportional);
      }
    }
    return sum;
  }

  private Sample sample(Path process) {
    List<String> lines;
    try {
      // Most processes map nothing of ours, and their smaps are long.
      if (Files.readAllLines(process.resolve("maps")).stream().noneMatch(this::isOurs)) {
        return new Sample(0, 0, 0);
      }
      lines = Files.readAllLines(process.resolve("smaps"));
    } catch (IOException e) {
      return new Sample(0, 0, 0); // it has ended, or is another user's
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
    return new Sample(1, resident, proportional);
  }

  private boolean isOurs(String line) {
    return line.contains(folder.toString()) && line.endsWith(".packed");
  }

  /** Reads a line such as {@code Pss: 12 kB}. */
  private static long bytes(String line) {
    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
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
