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
        "local-cluster[2,1,1024] | - | 1",
        "local-cluster[2,4,1024] | 3 | 3",
        "spark://host:7077       | - | 8",
        "spark://host:7077       | 2 | 2",
        "yarn                    | 4 | 4",
        "yarn                    | 16 | 8"
      })
  void takesWhatSparkGave(String master, String executorCores, int cores) {
    SparkConf conf = new SparkConf(false).set("spark.master", master);
    if (executorCores != null) {
      conf.set("spark.executor.cores", executorCores);
    }
    assertThat(ExecutorCores.of(conf, 8)).isEqualTo(cores);
  }
}
