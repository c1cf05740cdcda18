package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecutorCoresTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "local                   | - | 1",
        "local[1]                | - | 1",
        "local[3]                | - | 3",
        "local[3, 4]             | - | 3",
        "local[*]                | - | 8",
        "local[99]               | - | 8",
        "local[99999999999]      | - | 8",
        "local[2]                | 5 | 2",
        "spark://host:7077       | - | 8",
        "spark://host:7077       | 2 | 2",
        "yarn                    | 4 | 4",
        "yarn                    | 16 | 8"
      })
  void takesWhatSparkGave(String master, String executorCores, int cores) {
    assertThat(ExecutorCores.of(conf(master, executorCores), "io.sparkllama.job.GenerateJob", 8))
        .isEqualTo(cores);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "org.apache.spark.executor.CoarseGrainedExecutorBackend --driver-url spark://D@h:1"
            + " --executor-id 0 --hostname h --cores 1 --app-id app-1            | - | 1",
        "org.apache.spark.executor.YarnCoarseGrainedExecutorBackend --cores 3       | 5 | 3",
        "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend --cores 64 --app-id a"
            + "                                                                     | - | 8",
        "org.apache.spark.executor.CoarseGrainedExecutorBackend --hostname h        | 2 | 2",
        "org.apache.spark.deploy.worker.Worker --cores 3                            | - | 8"
      })
  void takesWhatAnExecutorWasStartedWith(String command, String executorCores, int cores) {
    assertThat(ExecutorCores.of(conf("spark://host:7077", executorCores), command, 8))
        .isEqualTo(cores);
  }

  private static SparkConf conf(String master, String executorCores) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    if (executorCores != null) {
      conf.set("spark.executor.cores", executorCores);
    }
    return conf;
  }
}
