package io.sparkllama.job.durable;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;

/**
 * Names who holds a lock.
 *
 * @param id unique
 * @param application of Spark
 * @param machine of the process: a boot of a kernel, and a space of process numbers within it;
 *     empty where the system does not say
 * @param processStart what tells the process from a later one of its number; empty likewise
 */
record LockHolder(
    String id,
    String application,
    String host,
    String user,
    long pid,
    String machine,
    String processStart) {
  private static final Path PROCESSES = Path.of("/proc");
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path PROCESS_SPACE = Path.of("/proc/self/ns/pid");

  /** The start of a process stands so many fields after its name, in clock ticks since the boot. */
  private static final int START_FIELD = 20;

  /** Makes the name of this process. */
  static LockHolder here(String application) {
    long pid = ProcessHandle.current().pid();
    return new LockHolder(
        UUID.randomUUID().toString(),
        application,
        hostHere(),
        userHere(),
        pid,
        machineHere(),
        startHere(pid));
  }

  /**
   * Tells whether the holder is known to be dead: a process of this very machine that is no longer
   * there. A host's name alone says nothing, since containers may share it; nor does it that a
   * process of another user is not to be seen, since a system may hide these.
   */
  boolean isDead() {
    if (machine.isEmpty() || !machine.equals(machineHere()) || processStart.isEmpty()) {
      return false;
    }
    try {
      Optional<String> start = start(pid);
      return start.isPresent() && !start.get().equals(processStart);
    } catch (NoSuchFileException gone) {
      return user.equals(userHere());
    } catch (IOException unsaid) {
      return false; // then only the lock's counter tells
    }
  }

  /** Says it in words. */
  String text() {
    return "application " + application + " of " + user + ", process " + pid + " on host " + host;
  }

  private static String hostHere() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException nameless) {
      return "unknown";
    }
  }

  private static String machineHere() {
    try {
      return Files.readString(BOOT).strip() + " " + Files.readSymbolicLink(PROCESS_SPACE);
    } catch (IOException | UnsupportedOperationException unsaid) {
      return ""; // not Linux: then only the lock's counter tells
    }
  }

  private static String userHere() {
    return System.getProperty("user.name", "");
  }

  private static String startHere(long pid) {
    try {
      return start(pid).orElse("");
    } catch (IOException unsaid) {
      return ""; // not Linux
    }
  }

  /**
   * Reads when a process has begun; empty where the system says it otherwise.
   *
   * @throws NoSuchFileException where there is no such process, or it is hidden
   */
  private static Optional<String> start(long pid) throws IOException {
    String status = Files.readString(PROCESSES.resolve(pid + "/stat"));
    String[] fields = status.substring(status.lastIndexOf(')') + 1).strip().split(" ");
    return fields.length >= START_FIELD ? Optional.of(fields[START_FIELD - 1]) : Optional.empty();
  }
}
