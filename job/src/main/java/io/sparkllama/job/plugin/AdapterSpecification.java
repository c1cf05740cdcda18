package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.config.AdapterSetting;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;

/**
 * Tells an executor of an adapter that its engine has.
 *
 * @param location where the file is, with scheme, as every host can read it
 * @param manifest what the driver read there
 */
public record AdapterSpecification(
    String name, String location, ModelManifest manifest, double scale) implements Serializable {

  /** Is an adapter with the driver's own copy of its file. */
  record Prepared(AdapterSpecification specification, AdapterFile file) {}

  /**
   * Brings an adapter to the driver's host, as a model is.
   *
   * @throws InvalidConfigurationException where the file is missing, or is another one
   */
  static Prepared prepare(AdapterSetting setting, ModelStore store, Configuration hadoop)
      throws IOException {
    try {
      HadoopModelSource source = HadoopModelSource.of(setting.path(), hadoop);
      LocalModel local =
          setting.sha256().isPresent()
              ? store.localize(source, setting.sha256().get())
              : store.localize(source);
      AdapterSpecification specification =
          new AdapterSpecification(
              setting.name(), source.location(), local.manifest(), setting.scale());
      return new Prepared(specification, specification.file(local));
    } catch (InvalidConfigurationException e) {
      throw of(setting.name(), e);
    }
  }

  /**
   * Brings the adapter to this host.
   *
   * @throws InvalidConfigurationException where the file is out of reach or has changed
   */
  AdapterFile localize(ModelTransport transport, ModelStore store, Configuration hadoop)
      throws IOException {
    try {
      return file(transport.bring(store, location, manifest, hadoop));
    } catch (InvalidConfigurationException e) {
      throw of(name, e);
    }
  }

  private AdapterFile file(LocalModel local) {
    return new AdapterFile(name, local.path(), scale);
  }

  /** What brings models speaks of models: this says which adapter is meant. */
  private static InvalidConfigurationException of(String name, InvalidConfigurationException e) {
    return new InvalidConfigurationException(
        "The adapter of model.adapters cannot be had: " + name + ": " + e.getMessage(), e);
  }
}
