package io.sparkllama.engine.api;

import java.io.Serializable;
import java.util.regex.Pattern;

/** Names what computes the steps of an engine; answers are the same bits from each. */
public sealed interface Device extends Serializable {
  /** Is the processor. */
  Device PROCESSOR = new Processor();

  /** Is the processor, with all instructions that an {@link InstructionSet} names. */
  record Processor() implements Device {
    @Override
    public String toString() {
      return "cpu";
    }
  }

  /**
   * Is a GPU, opened by the worker process alone.
   *
   * @param number among the devices that the worker process sees
   * @param address by which whoever shares devices out names it, an index or a UUID: the worker
   *     process then sees no other device. Empty leaves it those of the environment
   */
  record Cuda(int number, String address) implements Device {
    /** As nvidia-smi and Kubernetes' plugin name devices and parts of them; never two of them. */
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z0-9/:._-]{0,128}");

    public Cuda {
      if (number < 0) {
        throw new InvalidConfigurationException(
            "The number of a CUDA device must be at least 0: " + number);
      }
      if (!ADDRESS.matcher(address).matches()) {
        throw new InvalidConfigurationException(
            "A GPU's address must be an index or a UUID as nvidia-smi prints it; correct the"
                + " discovery script of the resource gpu: "
                + address);
      }
    }

    /** Names a device among those that the environment shows. */
    public static Cuda numbered(int number) {
      return new Cuda(number, "");
    }

    /**
     * Names a device that was given to this process.
     *
     * @param address an index or a UUID, as nvidia-smi prints them
     * @throws InvalidConfigurationException where it is neither
     */
    public static Cuda at(String address) {
      if (address.isEmpty()) {
        throw new InvalidConfigurationException(
            "A GPU's address is empty; correct the discovery script of the resource gpu");
      }
      return new Cuda(0, address);
    }

    @Override
    public String toString() {
      return "cuda:" + (address.isEmpty() ? Integer.toString(number) : address);
    }
  }

  /** Tells whether it is no processor. */
  default boolean isGpu() {
    return this instanceof Cuda;
  }

  /**
   * Refuses adapters where none run yet.
   *
   * @throws InvalidConfigurationException names the remedy
   */
  default void requireRunsAdapters(int adapters) {
    if (isGpu() && adapters > 0) {
      throw new InvalidConfigurationException(
          "Adapters run on the processor alone so far: set engine.device to cpu, or leave the"
              + " adapters out: "
              + adapters);
    }
  }
}
