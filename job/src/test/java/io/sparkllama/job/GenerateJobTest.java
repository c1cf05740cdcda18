package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateJobTest {
  @ParameterizedTest
  @ValueSource(strings = {"SPARK_SUBMIT", "spark.submit.deployMode", "spark.master"})
  void leavesTheEndOfADriverThatSparkStartedToSpark(String name) {
    Properties properties = new Properties();
    assertThat(GenerateJob.isSubmitted(properties)).isFalse();
    properties.setProperty(name, "x");
    assertThat(GenerateJob.isSubmitted(properties)).isTrue();
  }

  @Test
  void anArgumentMayBeginWithAnAtSign() {
    JobProcess run = JobProcess.run("--conf-file", "@@none.conf");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).contains("@@none.conf");
  }
}
