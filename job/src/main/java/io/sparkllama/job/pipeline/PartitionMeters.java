package io.sparkllama.job.pipeline;

import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.EngineGauge;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import java.io.Serializable;
import java.util.Map;

/**
 * Carries what tasks do to the driver.
 *
 * @param counter registered with the driver's SparkContext
 * @param gauge registered there, too
 * @param letters where rows go that the engine could not run
 */
record PartitionMeters(GenerationCounter counter, EngineGauge gauge, LetterBox letters)
    implements Serializable {

  /** Returns what hears of a partition's rows. */
  PartitionReport of(int partition) {
    letters.begin(partition);
    return new PartitionReport() {
      @Override
      public void counted(GenerationCounts counts) {
        counter.add(Map.entry(partition, counts));
      }

      @Override
      public boolean takes(DeadRow row) {
        return letters.take(partition, row);
      }
    };
  }
}
