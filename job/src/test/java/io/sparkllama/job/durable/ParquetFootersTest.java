package io.sparkllama.job.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.job.LocalSpark;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetFootersTest {
  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void countsAsSparkDoes() throws Exception {
    Path few = folder.resolve("few");
    spark.range(0, 1003, 1, 7).write().parquet(few.toString());
    Files.writeString(few.resolve("_note"), "no Parquet, and none that is read");
    assertThat(ParquetFooters.rows(stored(few))).hasValue(1003);
    Path none = folder.resolve("none");
    spark.range(0).write().parquet(none.toString());
    assertThat(ParquetFooters.rows(stored(none))).hasValue(0);
  }

  @Test
  void leavesManyFilesToSpark() throws Exception {
    Path most = folder.resolve("most");
    spark.range(0, 160, 1, 16).write().parquet(most.toString());
    assertThat(ParquetFooters.rows(stored(most))).hasValue(160);
    Path more = folder.resolve("more");
    spark.range(0, 170, 1, 17).write().parquet(more.toString());
    assertThat(ParquetFooters.rows(stored(more))).isEmpty();
  }

  @Test
  void aFileThatWasCutOffIsNoCount() throws Exception {
    Path cut = folder.resolve("cut");
    spark.range(0, 100, 1, 1).write().parquet(cut.toString());
    Files.writeString(cut.resolve("part-cut.parquet"), "PAR1 and no more");
    assertThatThrownBy(() -> ParquetFooters.rows(stored(cut))).hasMessageContaining("part-cut");
  }

  private static StoredPath stored(Path path) throws Exception {
    Configuration hadoop = new Configuration();
    return new StoredPath(
        FileSystem.getLocal(hadoop), new org.apache.hadoop.fs.Path(path.toString()));
  }
}
