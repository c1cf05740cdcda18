package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds how a job ends whose executors, not its driver, find that they can have no engine. */
class AdmissionIT {
  @Test
  void anExecutorOnWhichNoWorkerRunsEndsTheJobBeforeItPacksTheModel(@TempDir Path home)
      throws Exception {
    Path documents = Files.writeString(home.resolve("in.csv"), "text,category\nhello,x\nyou,y\n");
    JobFileText files = new JobFileText(home, BankingMessages.model(), documents);
    Path place = Files.createDirectories(home.resolve("native"));
    Path worker = Files.writeString(place.resolve("sparkllama-worker"), "#!/bin/sh\nexit 9\n");
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));

    SubmittedJob.Run run =
        SubmittedJob.submit(
            home,
            "no-worker",
            "local-cluster[1,1,1024]",
            files.complete(),
            "engine.native-dir=" + place);

    assertThat(run.exitCode()).as(run.errors()).isEqualTo(2);
    assertThat(run.errors().lines().filter(line -> line.startsWith("error: ")))
        .hasSize(1)
        .allMatch(line -> line.contains("The worker process of the native engine cannot run"))
        .allMatch(line -> line.contains("set engine.isolation to none"));
    assertThat(new ClusterTrace(home).count("Packing the model")).isZero();
    assertThat(run.output()).isEmpty();
  }

  @Test
  void anExecutorsRefusalIsTheJobsLastSentence(@TempDir Path home) throws Exception {
    Path documents = Files.writeString(home.resolve("in.csv"), "text,category\nhello,x\nyou,y\n");
    JobFileText files = new JobFileText(home, BankingMessages.model(), documents);

    SubmittedJob.Run run =
        SubmittedJob.submit(
            home,
            "admission",
            "local-cluster[1,1,1024]",
            files.complete(),
            "engine.kv-cache-memory=1t");

    assertThat(run.exitCode()).as(run.errors()).isEqualTo(2);
    String last = run.errors().lines().filter(line -> line.startsWith("error: ")).findAny().get();
    assertThat(last)
        .startsWith("error: The memory does not suffice for an engine with this model; ")
        .contains("or lower spark.executor.memory, or lower engine.kv-cache-memory: needed")
        // A collector may leave a part of 1 GiB out of what it calls the most.
        .containsPattern("Java heap (1\\.0 GiB|9\\d\\d\\.\\d MiB)");
    assertThat(run.output()).isEmpty();
  }
}
