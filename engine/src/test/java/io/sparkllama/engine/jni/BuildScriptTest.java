package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Takes one tool away from the native build at a time: it says so in one sentence. */
class BuildScriptTest {
  private static final List<String> TOOLS =
      List.of("uname", "dirname", "readlink", "cmake", "make", "c++", "sha256sum");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"cmake", "make", "c++", "sha256sum"})
  void aMissingToolIsNamed(String tool) throws Exception {
    assertThat(runWithout(tool)).startsWith("spark-llama native build: ").contains(tool, "install");
  }

  @Test
  void aMissingJdkIsNamed() throws Exception {
    assertThat(runWithout("javac")).contains("jni.h", "install a JDK 17", "JAVA_HOME");
  }

  /** Returns the one line that the script writes before it fails. */
  private String runWithout(String missing) throws Exception {
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : TOOLS) {
      if (!tool.equals(missing)) {
        Path standIn = tools.resolve(tool);
        Files.writeString(standIn, "#!/bin/sh\nexec " + find(tool) + " \"$@\"\n");
        assertThat(standIn.toFile().setExecutable(true)).isTrue();
      }
    }
    Path script =
        Path.of(System.getProperty("sparkllama.basedir"), "engine/src/main/native/build.sh");
    ProcessBuilder builder =
        new ProcessBuilder(
            "/bin/sh",
            script.toString(),
            folder.resolve("build").toString(),
            folder.resolve("classes").toString());
    builder.environment().put("PATH", tools.toString());
    builder.environment().remove("JAVA_HOME");
    builder.environment().remove("CXX");
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(output.lines()).hasSize(1);
    assertThat(folder.resolve("classes")).doesNotExist();
    return output;
  }

  private static Path find(String tool) throws IOException {
    Path found =
        Arrays.stream(System.getenv("PATH").split(":"))
            .map(directory -> Path.of(directory, tool))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    Assumptions.assumeTrue(found != null, () -> "This machine has no " + tool);
    return found.toRealPath();
  }
}
