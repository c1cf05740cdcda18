package io.sparkllama.job.admission;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds which limit counts, in the layouts of control groups that there are. */
class HostMemoryTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final String HUGE = "9223372036854771712\n";

  @TempDir private Path root;
  private FakeSystem system;

  @BeforeEach
  void makeMachine() throws Exception {
    system = new FakeSystem(root).withMachine();
  }

  private void assertLimit(long bytes, String origin) {
    MemoryLimit.Remedy remedy =
        origin.contains("MemTotal") ? MemoryLimit.Remedy.MACHINE : MemoryLimit.Remedy.CONTAINER;
    assertThat(HostMemory.limit(root)).contains(new MemoryLimit(bytes, origin, remedy));
  }

  private void assertMachineAlone() {
    assertLimit(16 * GIBIBYTE, "MemTotal of /proc/meminfo");
  }

  @Test
  void aSystemThatTellsNothingLimitsNothing() {
    assertThat(HostMemory.limit(root.resolve("another"))).isEmpty();
    assertMachineAlone();
  }

  @Test
  void version2InAContainer() throws Exception {
    system.withContainer("4294967296");
    assertLimit(4 * GIBIBYTE, "/sys/fs/cgroup/memory.max");
    system.withContainer("max");
    assertMachineAlone();
    system.withContainer("34359738368"); // more than the machine has
    assertMachineAlone();
  }

  @Test
  void version2WithNestedLimits() throws Exception {
    String slice = "sys/fs/cgroup/system.slice/";
    system
        .withContainer("max")
        .with("proc/self/cgroup", "0::/system.slice/yarn/container_7\n")
        .with(slice + "yarn/container_7/memory.max", "8589934592\n")
        .with(slice + "yarn/memory.max", "max\n")
        .with(slice + "memory.max", "6442450944\n");
    assertLimit(6 * GIBIBYTE, "/sys/fs/cgroup/system.slice/memory.max");
    system.with(slice + "yarn/container_7/memory.max", "1073741824\n");
    assertLimit(GIBIBYTE, "/sys/fs/cgroup/system.slice/yarn/container_7/memory.max");
    // The folder of a neighbour is none of this process's.
    system
        .with(slice + "yarn/container_8/memory.max", "1\n")
        .with(slice + "yarn/container_7/memory.max", "max\n");
    assertLimit(6 * GIBIBYTE, "/sys/fs/cgroup/system.slice/memory.max");
  }

  @Test
  void version2OutsideOfItsNamespace() throws Exception {
    system.withContainer("4294967296").with("proc/self/cgroup", "0::/../../elsewhere\n");
    assertLimit(4 * GIBIBYTE, "/sys/fs/cgroup/memory.max");
  }

  @Test
  void version1WithTheGroupAtItsMountPoint() throws Exception {
    system
        .with("proc/self/cgroup", "5:cpu,cpuacct:/docker/ab\n4:memory:/docker/ab\n")
        .with(
            "proc/self/mountinfo",
            """
            34 31 0:31 /docker/ab /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu
            35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro master:3 - cgroup cgroup rw,memory
            """)
        .with("sys/fs/cgroup/cpu/memory.limit_in_bytes", "1\n")
        .with("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");
    assertLimit(2 * GIBIBYTE, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
  }

  @Test
  void version1WithNestedLimits() throws Exception {
    system
        .with("proc/self/cgroup", "4:memory:/pod/main\n")
        .with(
            "proc/self/mountinfo",
            "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
        .with("sys/fs/cgroup/memory/memory.limit_in_bytes", HUGE)
        .with("sys/fs/cgroup/memory/pod/main/memory.limit_in_bytes", HUGE);
    assertMachineAlone();
    system.with("sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "3221225472\n");
    assertLimit(3 * GIBIBYTE, "/sys/fs/cgroup/memory/pod/memory.limit_in_bytes");
    // Where ancestors cannot be seen, the kernel sums them up.
    system.with(
        "sys/fs/cgroup/memory/pod/main/memory.stat",
        "cache 1\nhierarchical_memory_limit 2147483648\nhierarchical_memsw_limit 1\n");
    assertLimit(2 * GIBIBYTE, "/sys/fs/cgroup/memory/pod/main/memory.stat");
  }

  @Test
  void bothVersionsAtOnce() throws Exception {
    system
        .with("proc/self/cgroup", "4:memory:/job\n1:name=systemd:/\n0::/job\n")
        .with(
            "proc/self/mountinfo",
            """
            35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            """)
        .with("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "5368709120\n")
        .with("sys/fs/cgroup/unified/job/cgroup.procs", "1\n");
    assertLimit(5 * GIBIBYTE, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes");
  }

  @Test
  void aMountPointWithASpace() throws Exception {
    system
        .withContainer("max")
        .with("proc/self/mountinfo", "30 23 0:26 / /my\\040groups rw - cgroup2 cgroup rw\n")
        .with("my groups/memory.max", "1073741824\n");
    assertLimit(GIBIBYTE, "/my groups/memory.max");
  }

  @Test
  void filesOfAnotherFormAreNoLimits() throws Exception {
    system
        .withContainer("-1")
        .with("proc/self/cgroup", "\n::\nnonsense\n0::/\n")
        .with("proc/self/mountinfo", "\n-\n1 2 3 - cgroup2\n30 23 0:26 / /sys/fs/cgroup - cgroup2");
    assertMachineAlone();
  }
}
