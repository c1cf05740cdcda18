package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.sparkllama.job.LocalSpark;
import io.sparkllama.job.limit.RunBudget;
import io.sparkllama.job.limit.RunLimits;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class DriverLineTest {
  @Test
  void tasksReportToTheBudgetOfTheirRunWhileItRuns() {
    SparkSession spark = LocalSpark.session();
    RunBudget budget =
        new RunBudget(new RunLimits(OptionalLong.empty(), OptionalLong.of(100), Optional.empty()));
    long run;
    try (DriverLine.Listening line = DriverLine.listen(budget)) {
      run = line.run();
      assertThat(reported(spark, run, 30)).containsExactly(70L);
      assertThat(reported(spark, run, 60)).containsExactly(40L);
    }
    assertThat(reported(spark, run, 0)).containsExactly(0L); // over: nothing is left
  }

  private static List<Long> reported(SparkSession spark, long run, long tokens) {
    return spark
        .range(0, 1, 1, 1)
        .map(
            (org.apache.spark.api.java.function.MapFunction<Long, Long>)
                row -> DriverLine.report(run, 5, tokens),
            Encoders.LONG())
        .collectAsList();
  }

  @Test
  void aPluginThatNeverStartedIsShutDown() {
    assertThatCode(() -> new SparkLlamaPlugin().driverPlugin().shutdown())
        .doesNotThrowAnyException();
  }

  @Test
  void aSessionWithoutThePluginIsKnown() {
    SparkConf conf = new SparkConf(false);
    assertThat(DriverLine.isOpen(conf)).isFalse();
    assertThat(DriverLine.isOpen(conf.set("spark.plugins", "a.B"))).isFalse();
    assertThat(DriverLine.isOpen(ExecutorSettings.apply(conf))).isTrue();
  }
}
