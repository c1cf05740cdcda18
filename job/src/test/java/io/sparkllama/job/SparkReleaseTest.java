package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SparkReleaseTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {"4.0.0", "4.1.3", "4.2.0", "4.2.0-preview5", "4.1.1-amzn-0", "5.0.0", "10.1.0"})
  void takesFourAndLater(String version) {
    assertThatCode(() -> SparkRelease.requireSupported(version)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"3.5.9", "3.5.0.3.3.7190.0-91", "2.4.8", "0.9", "four", "4", "40000000"})
  void refusesOlderOnesAndWhatIsNoVersion(String version) {
    assertThatThrownBy(() -> SparkRelease.requireSupported(version))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("4.0, 4.1 or 4.2")
        .hasMessageEndingWith(version);
  }

  @Test
  void findsTheSparkThatIsThere() {
    ClassLoader own = SparkReleaseTest.class.getClassLoader();
    assertThatCode(() -> SparkRelease.requireSupported(own)).doesNotThrowAnyException();
  }

  @Test
  void saysWhereThereIsNone() throws Exception {
    try (URLClassLoader empty = new URLClassLoader(new URL[0], null)) {
      assertThatThrownBy(() -> SparkRelease.requireSupported(empty))
          .isInstanceOf(InvalidConfigurationException.class)
          .hasMessageContaining("spark-submit");
    }
  }

  /** The job file is not there: an old Spark is refused before it is even looked for. */
  @Test
  void anOldSparkEndsTheJobAtOnce() throws Exception {
    Files.writeString(folder.resolve(SparkRelease.DESCRIPTION), "version=3.5.9\n");
    String classPath = folder + File.pathSeparator + System.getProperty("java.class.path");
    Process job =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    classPath,
                    GenerateJob.class.getName(),
                    "--conf-file",
                    "none.conf"))
            .redirectErrorStream(true)
            .start();
    String output = new String(job.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(job.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output.strip())
        .isEqualTo(
            "error: This Spark is too old: submit the job to Spark 4.0, 4.1 or 4.2: its version is"
                + " 3.5.9");
    assertThat(job.exitValue()).isEqualTo(GenerateJob.BAD_INPUT);
  }
}
