package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.engine.store.ModelSource;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.broadcast.ChunkSender;
import io.sparkllama.job.config.ModelDistribution;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.AccessDeniedException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says how an executor's host gets a model and its adapters.
 *
 * @param distribution as far as the driver can settle it
 * @param chunkBytes of what the driver sends
 */
public record ModelTransport(ModelDistribution distribution, int chunkBytes)
    implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(ModelTransport.class);

  /** Small enough for four of them in a heap of 512 MiB, at both ends. */
  private static final int CHUNK_BYTES = 32 << 20;

  /** Reads every host's own path: what a job does that says nothing else. */
  public static final ModelTransport STORAGE =
      new ModelTransport(ModelDistribution.STORAGE, CHUNK_BYTES);

  /**
   * Settles what the driver knows: in local mode all is on one host, and nobody can ask a driver
   * whose session was started without our plugin.
   *
   * @throws InvalidConfigurationException where the driver shall send the model and cannot
   */
  static ModelTransport of(ModelDistribution wanted, SparkConf conf) {
    boolean alone = conf.get("spark.master", "local").matches("local(\\[.*])?");
    if (alone || wanted == ModelDistribution.STORAGE) {
      return STORAGE;
    }
    if (DriverLine.isOpen(conf)) {
      return new ModelTransport(wanted, CHUNK_BYTES);
    }
    if (wanted == ModelDistribution.BROADCAST) {
      throw new InvalidConfigurationException(
          "model.distribution = broadcast needs spark-llama's plugin, which this Spark session was"
              + " started without: start it with spark.plugins = "
              + SparkLlamaPlugin.class.getName()
              + ", or put the model where every host can read it.");
    }
    return STORAGE;
  }

  /** Tells whether an executor may ask the driver for the model. */
  boolean mayAskDriver() {
    return distribution != ModelDistribution.STORAGE;
  }

  /**
   * Brings a model, or an adapter, to this host.
   *
   * @throws InvalidConfigurationException where it is out of reach, or is another one
   * @throws IOException where it cannot be read or fetched; trying again may help
   */
  LocalModel bring(ModelStore store, String location, ModelManifest manifest, Configuration hadoop)
      throws IOException {
    HadoopModelSource source = HadoopModelSource.of(location, hadoop);
    if (distribution == ModelDistribution.STORAGE
        || (distribution == ModelDistribution.AUTO && isWithinReach(source, manifest))) {
      return store.localize(source, manifest);
    }
    return store.localize(
        new ChunkSender(manifest, chunkBytes, DriverLine.executorId(), DriverLine::ask), manifest);
  }

  /**
   * Tells whether this host can read a model from its path: all that is not a local path, and of
   * those what lies there as the driver has seen it, by names and lengths. Whether a local path is
   * a disk of one host or one that all hosts mount, only the hosts can tell.
   */
  private static boolean isWithinReach(ModelSource source, ModelManifest manifest)
      throws IOException {
    if (!source.location().startsWith("file:")) {
      return true;
    }
    try {
      List<ModelSource.Part> parts = source.parts();
      for (ModelSource.Part part : parts) {
        part.content().open().close(); // looking up a file says nothing of the right to read it
      }
      return parts.stream()
          .map(part -> new ModelManifest.Entry(part.name(), part.length()))
          .toList()
          .equals(manifest.files());
    } catch (FileNotFoundException | AccessDeniedException | AccessControlException e) {
      LOG.info("The model is not to be had from its path on this host: {}", source.location(), e);
      return false;
    }
  }
}
