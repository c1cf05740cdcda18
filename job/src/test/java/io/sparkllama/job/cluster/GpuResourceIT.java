package io.sparkllama.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Has Spark share out GPUs that a discovery script makes up: what it gives to an executor is what
 * the executor's engine opens. The jar here holds no CUDA library, so none is opened.
 */
class GpuResourceIT {
  private static final String CLUSTER = "local-cluster[1,2,1024]";
  private static final String ADDRESS = "GPU-00c0ffee";

  @TempDir Path home;
  private Path job;

  @BeforeEach
  void writeJob() throws IOException {
    Path documents = Files.writeString(home.resolve("in.csv"), "text,category\nhello,x\nyou,y\n");
    job = new JobFileText(home, BankingMessages.model(), documents).complete();
  }

  /** Makes up a worker's GPUs, and settings by which each executor gets so many of them. */
  private List<String> gpus(int ofExecutor, String... addresses) throws IOException {
    Path script =
        Files.writeString(
            home.resolve("gpus.sh"),
            "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\""
                + String.join("\", \"", addresses)
                + "\"]}'\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return List.of(
        "spark.worker.resource.gpu.amount=" + addresses.length,
        "spark.worker.resource.gpu.discoveryScript=" + script,
        "spark.executor.resource.gpu.amount=" + ofExecutor);
  }

  private SubmittedJob.Run run(List<String> settings, String... others) throws Exception {
    List<String> all = new ArrayList<>(settings);
    all.addAll(List.of(others));
    return SubmittedJob.submit(home, "gpu", CLUSTER, job, all.toArray(String[]::new));
  }

  private void refused(SubmittedJob.Run run, String... words) throws IOException {
    assertThat(run.exitCode()).as(run.errors()).isEqualTo(2);
    assertThat(run.errors().lines().filter(line -> line.startsWith("error: ")))
        .hasSize(1)
        .allSatisfy(line -> assertThat(line).contains(words));
    assertThat(new ClusterTrace(home).count("Packing the model")).isZero();
  }

  /** Also where tasks ask for no part of it. */
  @Test
  void theAddressThatSparkGivesIsTheDeviceThatTheEngineOpens() throws Exception {
    refused(
        run(gpus(1, ADDRESS)),
        "device cuda:" + ADDRESS,
        "add the jar of spark-llama-engine with the classifier cuda-linux-",
        "engine.device to cpu");
  }

  @Test
  void whoWantsTheProcessorHasItBesideAGpu() throws Exception {
    SubmittedJob.Run run =
        run(gpus(1, ADDRESS), "spark.task.resource.gpu.amount=0.5", "engine.device=cpu");
    assertThat(run.exitCode()).as(run.errors()).isZero();
    assertThat(new ClusterTrace(home).executorLogs())
        .singleElement()
        .asString()
        .contains("Opening this executor's engine: 2 threads, device cpu,");
    assertThat(run.output()).contains("\"rows\":2").doesNotContain("device");
  }

  @Test
  void severalForOneExecutorAreRefusedByTheDriver() throws Exception {
    refused(run(gpus(2, "0", "1")), "set spark.executor.resource.gpu.amount to 1", "is 2");
    assertThat(home.resolve("models")).doesNotExist(); // no model was fetched for it
  }

  @Test
  void aGpuThatSparkDoesNotGiveIsRefusedByTheDriver() throws Exception {
    refused(
        run(List.of(), "engine.device=cuda"),
        "set spark.executor.resource.gpu.amount to 1",
        "engine.device to cpu",
        "is none");
    assertThat(home.resolve("models")).doesNotExist();
  }

  /** The device is emulated: the same kernels, compiled for the processor. */
  @Test
  void rowsHaveTheSameBytesAsOnTheProcessor() throws Exception {
    Path library =
        Path.of(
            System.getProperty(
                "sparkllama.cuda-library",
                System.getProperty("sparkllama.basedir")
                    + "/engine/target/native/libsparkllama_cuda_emulated.so"));
    Assumptions.assumeTrue(Files.exists(library), () -> "skipped: no CUDA library at " + library);
    Path natives = Files.createDirectories(home.resolve("native"));
    Files.copy(library, natives.resolve("libsparkllama_cuda.so"));
    SubmittedJob.Run onGpu = run(gpus(1, ADDRESS), "engine.native-dir=" + natives);
    assertThat(onGpu.exitCode()).as(onGpu.errors()).isZero();
    assertThat(onGpu.output()).contains("\"device\":\"cuda\"");
    ClusterTrace trace = new ClusterTrace(home);
    assertThat(trace.count("Opening this executor's engine: 2 threads, device cuda:" + ADDRESS))
        .isEqualTo(1);
    Path output = home.resolve("complete.parquet");
    List<String> answers = Answers.read(output);

    // The same configuration, whose rows have their answers already.
    SubmittedJob.Run again = run(List.of());
    assertThat(again.exitCode()).as(again.errors()).isZero();
    assertThat(again.output()).contains("\"rows\":0");

    SubmittedJob.Run onProcessor = run(List.of(), "output.mode=overwrite");
    assertThat(onProcessor.exitCode()).as(onProcessor.errors()).isZero();
    assertThat(Answers.read(output)).hasSize(2).isEqualTo(answers);
  }
}
