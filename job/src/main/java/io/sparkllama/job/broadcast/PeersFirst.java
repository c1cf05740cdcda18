package io.sparkllama.job.broadcast;

import org.apache.spark.SparkConf;
import org.apache.spark.storage.TopologyMapper;
import scala.Option;

/**
 * Makes executors take a block from each other while any of them has it, and from the driver only
 * otherwise. Spark chooses at random among those that have a block, but first among those of its
 * own rack: so all hosts stand in one, and the driver's in another.
 *
 * <p>Without it the k-th to fetch a block takes it from the driver with probability 1/k, and the
 * driver sends 1 + 1/2 + … + 1/n copies to n hosts.
 *
 * <p>Spark makes it on the driver, by its name in the settings.
 */
public final class PeersFirst extends TopologyMapper {
  private final String driverHost;

  public PeersFirst(SparkConf conf) {
    super(conf);
    driverHost = conf.get("spark.driver.host");
  }

  @Override
  public Option<String> getTopologyForHost(String host) {
    return Option.apply(host.equals(driverHost) ? "driver" : "executors");
  }
}
