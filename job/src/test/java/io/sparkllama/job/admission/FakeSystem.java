package io.sparkllama.job.admission;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the files of a system of whose memory a test wants to know. */
record FakeSystem(Path root) {

  /** Writes a file, with the folders that it lies in. */
  FakeSystem with(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return this;
  }

  /** Gives the system 16 GiB. */
  FakeSystem withMachine() throws IOException {
    return with("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:        1234 kB\n");
  }

  /** Mounts version 2, as it stands in a container: the group itself at the mount point. */
  FakeSystem withContainer(String limit) throws IOException {
    return with("proc/self/cgroup", "0::/\n")
        .with(
            "proc/self/mountinfo",
            "30 23 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n")
        .with("sys/fs/cgroup/memory.max", limit + "\n");
  }
}
