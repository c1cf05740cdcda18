package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.storage.TopologyMapper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SparkSettingsTest {
  @AfterEach
  void forget() {
    System.clearProperty("spark.master");
  }

  @Test
  void takesTheJobFilesSettingsOverTheDefaults() {
    SparkConf conf =
        SparkSettings.of(Map.of("spark.master", "local[3]", "spark.ui.enabled", "true"));
    assertThat(conf.get("spark.master")).isEqualTo("local[3]");
    assertThat(conf.get("spark.ui.enabled")).isEqualTo("true");
    assertThat(conf.get("spark.serializer")).endsWith("KryoSerializer");
    assertThat(SparkSettings.of(Map.of()).get("spark.master")).isEqualTo("local[*]");
  }

  /** In one process Spark would register them before it knows the application's id, and warn. */
  @Test
  void namesMetricsAfterTheApplicationInOneProcess() {
    assertThat(SparkSettings.of(Map.of()).get("spark.metrics.namespace"))
        .isEqualTo("${spark.app.name}");
    assertThat(
            SparkSettings.of(Map.of("spark.metrics.namespace", "own"))
                .get("spark.metrics.namespace"))
        .isEqualTo("own");
    assertThat(SparkSettings.of(Map.of("spark.master", "yarn")).contains("spark.metrics.namespace"))
        .isFalse();
  }

  /** What Spark makes by these names would be missed only by how much the driver sends. */
  @Test
  void suitsAModelThatTheDriverSends() throws ReflectiveOperationException {
    String mapper = "spark.storage.replication.topologyMapper";
    SparkConf conf = SparkSettings.of(Map.of()).set("spark.driver.host", "driver-1");
    TopologyMapper made =
        (TopologyMapper)
            Class.forName(conf.get(mapper)).getConstructor(SparkConf.class).newInstance(conf);
    assertThat(made.getTopologyForHost("host-1"))
        .isEqualTo(made.getTopologyForHost("host-2"))
        .isNotEqualTo(made.getTopologyForHost("driver-1"));
    assertThat(conf.get("spark.broadcast.compress")).isEqualTo("false");
    assertThat(SparkSettings.of(Map.of(mapper, "own.Mapper")).get(mapper)).isEqualTo("own.Mapper");
  }

  /** spark-submit hands its settings to the driver as system properties. */
  @Test
  void takesWhatSparkSubmitGaveOverTheJobFile() {
    System.setProperty("spark.master", "spark://host:7077");
    SparkConf conf = SparkSettings.of(Map.of("spark.master", "local[3]"));
    assertThat(conf.get("spark.master")).isEqualTo("spark://host:7077");
    assertThat(conf.contains("spark.ui.enabled")).isFalse();
  }
}
