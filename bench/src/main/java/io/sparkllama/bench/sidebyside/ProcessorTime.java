package io.sparkllama.bench.sidebyside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Holds processor time in hundredths of a second, as proc(5) counts it: what a machine has spent,
 * and one process of it.
 *
 * @param machine of all processors, and what a hypervisor took from them
 * @param process with all its threads
 */
record ProcessorTime(long nanos, long machine, long process) {
  private static final double TICKS_PER_SECOND = 100;

  static ProcessorTime now(long pid) throws IOException {
    return new ProcessorTime(
        System.nanoTime(),
        machine(Files.readAllLines(Path.of("/proc/stat"))),
        process(Files.readString(Path.of("/proc/" + pid + "/stat"))));
  }

  /** Returns how many processors all other processes kept busy since then. */
  double othersSince(ProcessorTime begin) {
    double ticks = (machine - begin.machine) - (process - begin.process);
    return Math.max(0, ticks / TICKS_PER_SECOND / ((nanos - begin.nanos) * 1e-9));
  }

  // user, nice, system, idle, iowait, irq, softirq, steal
  static long machine(List<String> stat) {
    long[] counts =
        Arrays.stream(stat.get(0).trim().split(" +")).skip(1).mapToLong(Long::parseLong).toArray();
    return counts[0] + counts[1] + counts[2] + counts[5] + counts[6] + counts[7];
  }

  // The program's name may hold anything but stands in brackets; user and system time are the 12th
  // and 13th field after it.
  static long process(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }
}
