package io.sparkllama.engine.jni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeLibraryTest {
  @TempDir Path folder;

  /** Loads the library in a process of its own, as every test here must: a JVM loads it once. */
  static final class Loader {
    private Loader() {}

    public static void main(String[] arguments) {
      Optional<Path> directory = Arrays.stream(arguments).findFirst().map(Path::of);
      try {
        NativeLibrary.load(directory);
        NativeLibrary.load(directory);
        System.out.println("loaded " + RunnerNatives.buildId());
      } catch (InvalidConfigurationException e) {
        System.out.println("refused " + e.getMessage());
      }
    }
  }

  @Test
  void manyProcessesStartAtOnce() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(start(List.of("-Djava.io.tmpdir=" + folder)));
    }
    for (Process process : processes) {
      assertThat(output(process)).isEqualTo("loaded " + packaged().buildId());
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.filter(path -> path.getFileName().toString().startsWith("sparkllama-")))
          .isEmpty();
    }
  }

  @Test
  void aFolderWithoutALibraryIsExtractedTo() throws Exception {
    assertThat(run(folder)).isEqualTo("loaded " + packaged().buildId());
  }

  @Test
  void aFolderWithTheLibraryIsLoadedFrom() throws Exception {
    Files.write(folder.resolve(NativeLibrary.FILE_NAME), packaged().content());
    assertThat(run(folder)).isEqualTo("loaded " + packaged().buildId());
    assertThat(folder.resolve(NativeLibrary.FILE_NAME)).exists();
  }

  @Test
  void aLibraryOfAnotherBuildIsRefused() throws Exception {
    String text = new String(packaged().content(), StandardCharsets.ISO_8859_1);
    String other = "0".repeat(64);
    Path library = folder.resolve(NativeLibrary.FILE_NAME);
    Files.write(
        library, text.replace(packaged().buildId(), other).getBytes(StandardCharsets.ISO_8859_1));
    assertThat(run(folder))
        .startsWith("refused The native library is of another build than these classes")
        .contains(library.toString(), other, packaged().buildId());
  }

  @Test
  void whatIsNoLibraryIsRefused() throws Exception {
    Files.writeString(folder.resolve(NativeLibrary.FILE_NAME), "not a library");
    assertThat(run(folder)).startsWith("refused").contains("build id none");
    Files.writeString(
        folder.resolve(NativeLibrary.FILE_NAME), "sparkllama-build-id:" + packaged().buildId());
    assertThat(run(folder))
        .startsWith("refused The native library could not be loaded")
        .contains("engine.native-dir");
  }

  @Test
  void aMissingFolderIsRefused() throws Exception {
    assertThat(run(folder.resolve("absent")))
        .startsWith("refused The folder for the native library does not exist")
        .contains("engine.native-dir");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mac os x-aarch64", "windows 11-x86_64", "linux-riscv64"})
  void aPlatformWithoutALibraryIsRefused(String platform) {
    assertThatThrownBy(() -> NativeLibrary.packaged(platform))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("This jar holds no native library for this platform")
        .hasMessageContaining("mvn -DskipTests package")
        .hasMessageContaining("this is " + platform + ", and it holds ")
        .hasMessageContaining(NativeLibrary.platform());
  }

  /** As another machine would: in a process that is told it is one. */
  @Test
  void aMachineWithoutALibraryIsRefused() throws Exception {
    assertThat(output(start(List.of("-Dos.arch=riscv64"))))
        .startsWith("refused This jar holds no native library for this platform")
        .contains("linux-riscv64");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/tmp/x.so: /lib64/libc.so.6: version `GLIBC_2.34' not found (required by /tmp/x.so)",
        "/tmp/x.so: Error loading shared library ld-linux-x86-64.so.2: No such file or directory",
        "/tmp/x.so: Error relocating /tmp/x.so: __memcpy_chk: symbol not found"
      })
  void anotherCLibraryIsNamed(String loader) {
    assertThat(NativeLibrary.linkFailure(folder, loader))
        .contains("glibc 2.28", "Alpine", "mvn -DskipTests package")
        .doesNotContain("noexec")
        .endsWith(loader);
  }

  @Test
  void aFolderWithoutExecutionIsNamed() {
    assertThat(NativeLibrary.linkFailure(folder, "x.so: failed to map segment from shared object"))
        .contains("noexec", "engine.native-dir", folder.toString())
        .doesNotContain("glibc");
  }

  @Test
  void aDamagedLibraryIsRefused() {
    NativeLibrary.Packaged damaged =
        new NativeLibrary.Packaged(NativeLibrary.platform(), packaged().buildId(), "00", "00");
    assertThatThrownBy(damaged::content)
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("damaged");
    assertThatThrownBy(damaged::worker)
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageContaining("damaged")
        .hasMessageContaining(WorkerExecutable.FILE_NAME);
  }

  @Test
  void theMarkStandsInTheLibrary() throws IOException {
    assertThat(NativeLibrary.markedId(packaged().content())).isEqualTo(packaged().buildId());
    assertThat(NativeLibrary.markedId(new byte[0])).isEqualTo("none");
  }

  private static NativeLibrary.Packaged packaged() {
    return NativeLibrary.packaged(NativeLibrary.platform());
  }

  private static String run(Path directory) throws Exception {
    return output(start(List.of(), directory.toString()));
  }

  private static Process start(List<String> options, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Loader.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static String output(Process process) throws Exception {
    String text =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return text;
  }
}
