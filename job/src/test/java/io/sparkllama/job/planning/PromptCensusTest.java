package io.sparkllama.job.planning;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.LocalSpark;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PromptCensusTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = LocalSpark.session();
  }

  @Test
  void countsRowsAndPromptsAndTheirLengths() {
    Dataset<Row> keyed =
        PromptCensus.keyed(
            spark.sql(
                "select * from values (1, 'abc', 'd'), (2, 'abc', 'd'), (3, 'abcd', ''), (4, null,"
                    + " 'xy') as t(id, a, b)"),
            1,
            2);
    assertThat(PromptCensus.of(keyed)).isEqualTo(new PromptCensus(4, 3, 14, 10));
    assertThat(keyed.collectAsList())
        .extracting(PromptCensus::lengthOf)
        .containsExactlyInAnyOrder(4L, 4L, 4L, 2L);
  }

  @Test
  void countsNothingOfNothing() {
    Dataset<Row> keyed = PromptCensus.keyed(spark.sql("select 'a' as a from range(0)"), 0, 1);
    PromptCensus census = PromptCensus.of(keyed);
    assertThat(census).isEqualTo(new PromptCensus(0, 0, 0, 0));
    assertThat(census.sample(keyed, 10).collectAsList()).isEmpty();
  }

  @Test
  void samplesDistinctPromptsInARandomOrderThatIsTheSameEachTime() {
    Dataset<Row> rows = spark.range(20_000).selectExpr("concat('prompt ', id div 2) as a");
    Dataset<Row> keyed = PromptCensus.keyed(rows, 0, 1);
    PromptCensus census = PromptCensus.of(keyed);
    assertThat(census.prompts()).isEqualTo(10_000);
    List<Integer> sample = numbers(census.sample(keyed, 400));
    assertThat(sample).doesNotHaveDuplicates();
    assertThat(sample.size()).isBetween(300, 500); // five standard deviations
    // Of a uniform sample a half lies below the middle: 200 of 400, with a deviation of 10.
    assertThat(sample).filteredOn(number -> number < 5_000).hasSizeBetween(150, 250);
    assertThat(sample.subList(0, sample.size() / 2))
        .filteredOn(number -> number < 5_000)
        .hasSizeBetween(65, 135);
    Dataset<Row> spread = PromptCensus.keyed(rows.repartition(7), 0, 1);
    assertThat(numbers(PromptCensus.of(spread).sample(spread, 400))).isEqualTo(sample);
    assertThat(census.sample(keyed, 400).rdd().getNumPartitions()).isEqualTo(1);
  }

  @Test
  void takesAllWhereThereAreFew() {
    Dataset<Row> keyed =
        PromptCensus.keyed(spark.range(90).selectExpr("concat('few ', id % 30) as a"), 0, 1);
    assertThat(numbers(PromptCensus.of(keyed).sample(keyed, 30))).hasSize(30);
  }

  private static List<Integer> numbers(Dataset<Row> sample) {
    return sample.collectAsList().stream()
        .map(row -> Integer.valueOf(row.getString(0).replaceAll("[a-z ]", "")))
        .toList();
  }
}
