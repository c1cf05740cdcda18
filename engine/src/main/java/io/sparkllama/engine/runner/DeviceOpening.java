package io.sparkllama.engine.runner;

import io.sparkllama.engine.api.Device;
import io.sparkllama.engine.api.DeviceFacts;
import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.jni.CudaLibrary;
import io.sparkllama.engine.runner.WorkerProcess.Reply;
import io.sparkllama.engine.runner.WorkerProcess.Request;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** Has a worker process open a GPU, before it makes a runner there. */
final class DeviceOpening {
  /** Free and total bytes, multiprocessors, and both parts of the compute capability. */
  private static final int WORDS = 5;

  private DeviceOpening() {}

  /**
   * Opens a device, for as long as the process lives.
   *
   * @param nativeDirectory as in {@link io.sparkllama.engine.api.EngineOptions}
   * @throws InvalidConfigurationException where there is no library, no driver or no such device,
   *     or where it is too old
   * @throws RunnerLostException where the process ends over it
   */
  static DeviceFacts open(
      WorkerProcess worker, Device.Cuda device, Optional<Path> nativeDirectory) {
    try (CudaLibrary library = CudaLibrary.find(nativeDirectory)) {
      byte[] path = library.path().toString().getBytes(StandardCharsets.UTF_8);
      return facts(worker.ask(Request.OPEN_DEVICE, device.number(), 0, ByteBuffer.wrap(path)));
    } catch (InvalidConfigurationException refused) {
      throw new InvalidConfigurationException(
          "The GPU cannot be used; see to that, or set engine.device to cpu (device "
              + device
              + "): "
              + refused.getMessage(),
          refused);
    }
  }

  static DeviceFacts facts(Reply opened) {
    ByteBuffer words = opened.payload();
    if (opened.value() != WORDS || words.remaining() < WORDS * Long.BYTES) {
      throw new EngineFailedException(
          "The worker process describes a device otherwise than these classes read it: take both"
              + " from one build: "
              + opened.value()
              + " words in "
              + words.remaining()
              + " bytes");
    }
    long free = words.getLong();
    long total = words.getLong();
    int multiprocessors = Math.toIntExact(words.getLong());
    int major = Math.toIntExact(words.getLong());
    int minor = Math.toIntExact(words.getLong());
    String name = StandardCharsets.UTF_8.decode(words).toString();
    return new DeviceFacts(name, free, total, multiprocessors, major, minor);
  }
}
