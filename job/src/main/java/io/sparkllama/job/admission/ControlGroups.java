package io.sparkllama.job.admission;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the memory limits of the control groups that this process is in, of version 1, 2 or both,
 * those of their ancestors included: a container's own limit may stand above a pod's, or below.
 */
final class ControlGroups {
  /** A longer number, and the word max, stand for no limit. */
  private static final Pattern BYTES = Pattern.compile("\\d{1,18}");

  private static final Pattern HIERARCHICAL =
      Pattern.compile("(?m)^hierarchical_memory_limit (\\d{1,18})$");

  private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

  private final Path root;
  private final List<MemoryLimit> limits = new ArrayList<>();

  /**
   * Names where a hierarchy of groups can be seen.
   *
   * @param version 1 or 2
   * @param top the group that stands at the mount point
   * @param point where that is, under the root
   */
  private record Mount(int version, Path top, Path point) {}

  ControlGroups(Path root) {
    this.root = root;
  }

  /** Returns all limits that hold, in no order. */
  List<MemoryLimit> limits() {
    limits.clear();
    List<String> mounts = lines("proc/self/mountinfo");
    List<String> groups = lines("proc/self/cgroup");
    for (String line : mounts) {
      mount(line).ifPresent(mount -> group(groups, mount.version()).ifPresent(g -> add(mount, g)));
    }
    return List.copyOf(limits);
  }

  private List<String> lines(String file) {
    return SystemFile.text(root.resolve(file)).map(text -> text.lines().toList()).orElse(List.of());
  }

  /**
   * Reads a line such as {@code 35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory}.
   */
  private Optional<Mount> mount(String line) {
    String[] halves = line.split(" - ", 2);
    String[] place = halves[0].split(" ");
    String[] kind = halves.length < 2 ? new String[0] : halves[1].split(" ");
    if (place.length < 5 || kind.length < 3) {
      return Optional.empty();
    }
    boolean second = kind[0].equals("cgroup2");
    boolean first =
        kind[0].equals("cgroup") && Arrays.asList(kind[2].split(",")).contains("memory");
    if (!first && !second) {
      return Optional.empty();
    }
    return Optional.of(
        new Mount(
            second ? 2 : 1,
            Path.of(unescaped(place[3])),
            root.resolve(unescaped(place[4]).substring(1))));
  }

  /** The kernel writes a space of a path as its number. */
  private static String unescaped(String path) {
    return OCTAL
        .matcher(path)
        .replaceAll(
            octal ->
                Matcher.quoteReplacement(Character.toString(Integer.parseInt(octal.group(1), 8))));
  }

  /** Finds this process's group: version 2 names no controllers, {@code 0::/path}. */
  private static Optional<Path> group(List<String> groups, int version) {
    for (String line : groups) {
      String[] parts = line.split(":", 3);
      boolean found =
          parts.length == 3
              && (version == 2
                  ? parts[0].equals("0") && parts[1].isEmpty()
                  : Arrays.asList(parts[1].split(",")).contains("memory"));
      if (found) {
        return Optional.of(Path.of(parts[2]));
      }
    }
    return Optional.empty();
  }

  private void add(Mount mount, Path group) {
    // A group outside what is mounted cannot be seen; what is mounted holds it all the same.
    Path folder =
        group.startsWith(mount.top()) && group.equals(group.normalize())
            ? mount.point().resolve(mount.top().relativize(group).toString())
            : mount.point();
    if (mount.version() == 1) {
      add(folder.resolve("memory.stat"), HIERARCHICAL, 1);
    }
    String file = mount.version() == 2 ? "memory.max" : "memory.limit_in_bytes";
    for (; folder.startsWith(mount.point()); folder = folder.getParent()) {
      add(folder.resolve(file), BYTES, 0);
    }
  }

  private void add(Path file, Pattern pattern, int part) {
    SystemFile.text(file)
        .map(String::strip)
        .map(pattern::matcher)
        .filter(found -> part == 0 ? found.matches() : found.find())
        .ifPresent(
            found ->
                limits.add(
                    new MemoryLimit(
                        Long.parseLong(found.group(part)),
                        "/" + root.relativize(file),
                        MemoryLimit.Remedy.CONTAINER)));
  }
}
