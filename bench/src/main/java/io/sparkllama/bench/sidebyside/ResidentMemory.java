package io.sparkllama.bench.sidebyside;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Holds the resident memory of a process. A mapped page counts as shared only while another process
 * maps it too.
 *
 * @param privateBytes that no other process maps
 * @param sharedBytes that others map too
 * @param rssBytes both together
 */
record ResidentMemory(long privateBytes, long sharedBytes, long rssBytes) {
  private static final Path ROLLUP = Path.of("/proc/self/smaps_rollup");

  static ResidentMemory ofThisProcess() throws IOException {
    return ofRollup(Files.readAllLines(ROLLUP));
  }

  /**
   * Sums up the lines of a {@code smaps_rollup}, as the manual page proc(5) describes them.
   *
   * @throws IllegalArgumentException where they do not tell the resident memory
   */
  static ResidentMemory ofRollup(List<String> lines) {
    long rss = sum(lines, "Rss:");
    if (rss == 0) {
      throw new IllegalArgumentException("The system does not tell the memory of a process.");
    }
    return new ResidentMemory(sum(lines, "Private_"), sum(lines, "Shared_"), rss);
  }

  static ResidentMemory of(JsonNode json) {
    return new ResidentMemory(
        json.path("private_bytes").asLong(),
        json.path("shared_bytes").asLong(),
        json.path("rss_bytes").asLong());
  }

  ObjectNode toJson() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("private_bytes", privateBytes)
        .put("shared_bytes", sharedBytes)
        .put("rss_bytes", rssBytes);
  }

  // Huge pages of hugetlbfs are not part of the resident set.
  private static long sum(List<String> lines, String prefix) {
    return lines.stream()
        .filter(line -> line.startsWith(prefix) && !line.contains("_Hugetlb:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", "")))
        .sum();
  }
}
