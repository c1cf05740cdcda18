package io.sparkllama.job.plugin;

import io.sparkllama.engine.api.AdapterFile;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.store.CacheDirectory;
import io.sparkllama.engine.store.LocalModel;
import io.sparkllama.engine.store.ModelManifest;
import io.sparkllama.engine.store.ModelStore;
import io.sparkllama.job.broadcast.ModelOffers;
import io.sparkllama.job.config.AdapterSetting;
import io.sparkllama.job.config.ModelDistribution;
import io.sparkllama.job.config.SizeOrShare;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;

/**
 * Joins what the driver needs of a model, a file to read its vocabulary from, with what it sends to
 * the executors.
 *
 * @param local the driver's own copy, in the cache of its host
 * @param adapters the driver's own copies, as its engine would open them
 */
public record PreparedModel(
    LocalModel local, EngineSpecification specification, List<AdapterFile> adapters) {

  /**
   * Brings the model to the driver's host, where it is hashed once for all executors.
   *
   * @param path as the job file says it
   * @param sha256 what the model must have; empty trusts what is there
   * @param cacheDirectory on each host; empty takes the standard place
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where the model is missing, is
   *     another one, or has no room
   */
  public static PreparedModel of(
      String path,
      Optional<String> sha256,
      Optional<Path> cacheDirectory,
      EngineOptions options,
      SizeOrShare kvCacheMemory,
      SparkConf conf)
      throws IOException {
    HadoopModelSource source =
        HadoopModelSource.of(path, HadoopModelSource.hadoopConfiguration(conf));
    ModelStore store = new ModelStore(cacheDirectory.orElseGet(CacheDirectory::standard));
    LocalModel local =
        sha256.isPresent() ? store.localize(source, sha256.get()) : store.localize(source);
    return new PreparedModel(
        local,
        EngineSpecification.of(
            source.location(), local.manifest(), cacheDirectory, options, kvCacheMemory),
        List.of());
  }

  /**
   * Brings adapters to the driver's host, too.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where one is missing, is another
   *     one, or has no room
   */
  public PreparedModel withAdapters(
      List<AdapterSetting> settings, Optional<Path> cacheDirectory, SparkConf conf)
      throws IOException {
    ModelStore store = new ModelStore(cacheDirectory.orElseGet(CacheDirectory::standard));
    Configuration hadoop = HadoopModelSource.hadoopConfiguration(conf);
    List<AdapterSpecification.Prepared> prepared = new ArrayList<>();
    for (AdapterSetting setting : settings) {
      prepared.add(AdapterSpecification.prepare(setting, store, hadoop));
    }
    return new PreparedModel(
        local,
        specification.withAdapters(
            prepared.stream().map(AdapterSpecification.Prepared::specification).toList()),
        prepared.stream().map(AdapterSpecification.Prepared::file).toList());
  }

  /**
   * Settles how the model and its adapters come to the executors' hosts, and offers them where an
   * executor may ask for them. Comes last: it offers what is there.
   *
   * @throws io.sparkllama.engine.api.InvalidConfigurationException where the driver shall send them
   *     and cannot
   */
  public PreparedModel distributed(ModelDistribution wanted, SparkConf conf) {
    ModelTransport transport = ModelTransport.of(wanted, conf);
    if (transport.mayAskDriver()) {
      ModelOffers offers =
          DriverLine.offers()
              .orElseThrow(() -> new IllegalStateException("this is not the driver's process"));
      offers.offer(local, transport.chunkBytes());
      for (int i = 0; i < adapters.size(); i++) {
        ModelManifest manifest = specification.adapters().get(i).manifest();
        offers.offer(new LocalModel(adapters.get(i).path(), manifest), transport.chunkBytes());
      }
    }
    return new PreparedModel(local, specification.withTransport(transport), adapters);
  }
}
