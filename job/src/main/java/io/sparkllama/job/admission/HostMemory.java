package io.sparkllama.job.admission;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells how much memory this process may have where it runs: its control groups', or all. */
final class HostMemory {
  private static final Pattern TOTAL = Pattern.compile("(?m)^MemTotal:\\s+(\\d{1,15}) kB$");

  private HostMemory() {}

  /**
   * Returns the smallest limit there is; empty on a system that tells none in Linux's way.
   *
   * @param root where {@code proc} and the control groups are found: {@code /}
   */
  static Optional<MemoryLimit> limit(Path root) {
    List<MemoryLimit> limits = new ArrayList<>(new ControlGroups(root).limits());
    SystemFile.text(root.resolve("proc/meminfo"))
        .map(TOTAL::matcher)
        .filter(Matcher::find)
        .ifPresent(
            total ->
                limits.add(
                    new MemoryLimit(
                        Long.parseLong(total.group(1)) << 10,
                        "MemTotal of /proc/meminfo",
                        MemoryLimit.Remedy.MACHINE)));
    return limits.stream().min(Comparator.comparingLong(MemoryLimit::bytes));
  }
}
