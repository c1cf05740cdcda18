package io.sparkllama.job.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class GenerationCounterTest {
  @Test
  void countsAPartitionOnceHoweverOftenItIsMerged() {
    SparkSession spark = LocalSpark.session();
    GenerationCounter driver = new GenerationCounter();
    spark.sparkContext().register(driver, "test");
    GenerationCounter first = task(driver, 0, 5);
    driver.merge(first);
    driver.merge(task(driver, 1, 7));
    driver.merge(task(driver, 0, 5));
    assertThat(GenerationCounter.sum(driver.value()).rows()).isEqualTo(12);
    assertThat(GenerationCounter.sum(driver.value()).errors()).isEqualTo(Map.of("x", 2L));
    assertThat(first.value()).hasSize(1);
  }

  @Test
  void aCopyIsItsOwn() {
    GenerationCounter counter = task(new GenerationCounter(), 3, 1);
    GenerationCounter copy = counter.copy();
    counter.reset();
    assertThat(counter.isZero()).isTrue();
    assertThat(copy.isZero()).isFalse();
  }

  /** Makes a task's counter as Spark does, from the driver's without its value. */
  private static GenerationCounter task(GenerationCounter driver, int partition, long rows) {
    GenerationCounter task = (GenerationCounter) driver.copyAndReset();
    task.add(Map.entry(partition, new GenerationCounts(1, 0, 1, 0, 1, 0, 0, Map.of())));
    task.add(Map.entry(partition, new GenerationCounts(rows, 0, 1, 0, 1, 0, 0, Map.of("x", 1L))));
    return task;
  }
}
