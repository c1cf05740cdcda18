package io.sparkllama.engine.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Speaks to a worker that stands in for one on a machine with a GPU: a script with its replies. */
@Timeout(60)
class DeviceOpeningTest {
  private static final int MARK = 0x57504c53;
  private static final int HEAD_BYTES = 24;
  private static final int STATUS_DESCRIPTOR = 7;
  private static final int CONFIGURATION_ERROR = 2;

  @TempDir Path folder;
  private Path library;
  private String buildId;

  @BeforeEach
  void layOut() throws IOException {
    String platform = "linux-" + System.getProperty("os.arch").replace("amd64", "x86_64");
    Properties built = new Properties();
    try (InputStream in =
        WorkerTrial.class.getResourceAsStream(
            "/io/sparkllama/engine/native/" + platform + "/native.properties")) {
      built.load(in);
    }
    buildId = built.getProperty("build-id");
    library =
        Files.writeString(
            folder.resolve("libsparkllama_cuda.so"), "sparkllama-build-id:" + buildId);
  }

  /** Says what it is, keeps what it is asked, answers it, and ends when it is told to. */
  private void worker(int outcome, long value, ByteBuffer payload) throws IOException {
    Files.write(folder.resolve("page"), new byte[StepStatusPage.BYTES]);
    Files.write(
        folder.resolve("hello"),
        message(0, STATUS_DESCRIPTOR, StandardCharsets.UTF_8.encode(buildId)));
    Files.write(folder.resolve("reply"), message(outcome, value, payload));
    int request = HEAD_BYTES + library.toString().length();
    Path worker =
        Files.writeString(
            folder.resolve("sparkllama-worker"),
            """
            #!/bin/sh
            cd %s
            echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER" > environment
            exec 7<>page
            cat hello
            head -c %d > request
            cat reply
            head -c 24 > stop
            """
                .formatted(folder, request));
    Files.setPosixFilePermissions(worker, PosixFilePermissions.fromString("rwx------"));
  }

  private static byte[] message(int outcome, long value, ByteBuffer payload) {
    return ByteBuffer.allocate(HEAD_BYTES + payload.remaining())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(MARK)
        .putInt(outcome)
        .putLong(value)
        .putLong(payload.remaining())
        .put(payload)
        .array();
  }

  private static ByteBuffer facts(String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    ByteBuffer words =
        ByteBuffer.allocate(5 * Long.BYTES + text.length).order(ByteOrder.LITTLE_ENDIAN);
    return words
        .putLong(70L << 30)
        .putLong(80L << 30)
        .putLong(132)
        .putLong(9)
        .putLong(1)
        .put(text)
        .flip();
  }

  private EngineOptions options(Device device) {
    return EngineOptions.defaults().withNativeDirectory(folder).withDevice(device);
  }

  @Test
  void theWorkerIsAskedForTheDeviceAndTellsItsFacts() throws IOException {
    worker(0, 5, facts("Kärtchen"));
    assertThat(WorkerTrial.run(options(Device.Cuda.numbered(3))))
        .contains(new DeviceFacts("Kärtchen", 70L << 30, 80L << 30, 132, 9, 1));
    ByteBuffer request =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("request")))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(request.getInt(0)).isEqualTo(MARK);
    assertThat(request.getInt(4)).isEqualTo(9); // kOpenDevice of worker/channel.h
    assertThat(request.getInt(8)).isEqualTo(3);
    assertThat(request.getLong(16)).isEqualTo(library.toString().length());
    assertThat(StandardCharsets.UTF_8.decode(request.position(HEAD_BYTES)).toString())
        .isEqualTo(library.toString());
    assertThat(folder.resolve("environment")).hasContent(environment());
  }

  private static String environment() {
    return System.getenv().getOrDefault("CUDA_VISIBLE_DEVICES", "")
        + " "
        + System.getenv().getOrDefault("CUDA_DEVICE_ORDER", "");
  }

  /** What Spark has given is the only one that the worker sees, whatever others there are. */
  @Test
  void aGivenDeviceIsTheOnlyOne() throws IOException {
    worker(0, 5, facts("A card"));
    assertThat(WorkerTrial.run(options(Device.Cuda.at("GPU-5c89852c")))).isPresent();
    ByteBuffer request =
        ByteBuffer.wrap(Files.readAllBytes(folder.resolve("request")))
            .order(ByteOrder.LITTLE_ENDIAN);
    assertThat(request.getInt(8)).isZero();
    assertThat(folder.resolve("environment")).hasContent("GPU-5c89852c PCI_BUS_ID");
  }

  @Test
  void whatTheDeviceRefusesIsSaidWithTheRemedy() throws IOException {
    worker(CONFIGURATION_ERROR, 0, StandardCharsets.UTF_8.encode("There is no driver"));
    assertThatThrownBy(() -> WorkerTrial.run(options(Device.Cuda.at("1"))))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessage(
            "The GPU cannot be used; see to that, or set engine.device to cpu (device cuda:1):"
                + " There is no driver");
  }

  @Test
  void factsOfAnotherKindAreRefused() throws IOException {
    worker(0, 4, facts(""));
    assertThatThrownBy(() -> WorkerTrial.run(options(Device.Cuda.numbered(0))))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContaining("4 words in 40 bytes");
  }

  /** As where the driver itself crashes. */
  @Test
  void aWorkerThatEndsOverItIsTold() throws IOException {
    worker(0, 5, facts(""));
    Path script = folder.resolve("sparkllama-worker");
    Files.writeString(script, Files.readString(script).replace("cat reply", "kill -SEGV $$"));
    assertThatThrownBy(() -> WorkerTrial.run(options(Device.Cuda.numbered(0))))
        .isInstanceOf(EngineFailedException.class)
        .hasMessageContainingAll("opens the GPU", "engine.device to cpu", "signal 11");
  }

  @Test
  void theProcessorIsNotAskedForAndNothingIsLookedFor() throws IOException {
    Files.delete(library);
    assertThat(WorkerTrial.run(EngineOptions.defaults().withNativeDirectory(folder))).isEmpty();
  }
}
