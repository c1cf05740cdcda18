package io.sparkllama.bench.sidebyside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Describes the machine that a run was on.
 *
 * @param cores that a process may use
 */
record Machine(String processor, int cores, long memoryBytes, String java) {
  static Machine ofThisProcess() throws IOException {
    return of(
        Files.readAllLines(Path.of("/proc/cpuinfo")),
        Files.readAllLines(Path.of("/proc/meminfo")),
        Runtime.getRuntime().availableProcessors(),
        Runtime.version().toString());
  }

  static Machine of(List<String> cpuinfo, List<String> meminfo, int cores, String java) {
    String processor =
        cpuinfo.stream()
            .filter(line -> line.startsWith("model name"))
            .findFirst()
            .map(line -> line.substring(line.indexOf(':') + 1).strip())
            .orElse("unknown processor");
    long kibibytes =
        meminfo.stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .findFirst()
            .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .orElse(0L);
    return new Machine(processor, cores, 1024 * kibibytes, java);
  }
}
