package io.sparkllama.job.durable;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.job.metrics.DeadRow;
import io.sparkllama.job.metrics.DeadRows;
import io.sparkllama.job.metrics.GenerationCounter;
import io.sparkllama.job.metrics.GenerationCounts;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.KeyFilter;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.source.InputColumn;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Is an input of numbered rows, whose answers name the run that has given them. In truth they are
 * the same whoever gives them; here it is to be seen.
 */
record NumberedRows(SparkSession spark, PreparedRows prepared) {
  private static final StructType OUTPUT =
      new StructType().add("id", "bigint").add("text", "string");

  static NumberedRows of(SparkSession spark, int rows) {
    Dataset<Row> documents = spark.range(0, rows, 1, 2).selectExpr("id", "string(id) as text");
    PipelineSpecification pipeline =
        new PipelineSpecification(
            new ClassifyTask(
                PromptTemplate.compile("prompt.template", "{{ text }}", LocalDate.EPOCH),
                List.of("x", "y"),
                Normalization.NONE,
                OverlongPolicy.ERROR),
            "prompt.template",
            List.of(),
            Optional.empty(),
            8,
            RowSpread.ofSource());
    PreparedRows prepared =
        PreparedRows.of(
            pipeline,
            documents,
            List.of(InputColumn.resolve(documents.schema(), "id", "input.key")));
    return new NumberedRows(spark, new PreparedRows(prepared.rows(), prepared.layout(), OUTPUT));
  }

  /**
   * Returns a walk on which every row is answered.
   *
   * @param name of the run
   */
  BatchWalk walk(String name) {
    return walk(name, 0);
  }

  /**
   * Returns a walk.
   *
   * @param name of the run
   * @param dead so many rows of the first partition cannot be run
   */
  BatchWalk walk(String name, int dead) {
    KeyFilter keys = prepared.ofKeys(Set.of());
    return work -> {
      GenerationCounter counter = new GenerationCounter();
      DeadRows letters = new DeadRows();
      spark.sparkContext().register(counter, "rows");
      spark.sparkContext().register(letters, "letters");
      Dataset<Row> answers =
          work.mapPartitions(
              (MapPartitionsFunction<Row, Row>)
                  part -> {
                    int partition = TaskContext.getPartitionId();
                    List<Row> answered = new ArrayList<>();
                    letters.begin(partition);
                    while (part.hasNext()) {
                      Row row = part.next();
                      if (partition == 0 && letters.all().size() < dead) {
                        letters.add(
                            Map.entry(
                                partition,
                                new DeadRow(keys.key(row), "set-aside", "It ends it.", false)));
                      } else {
                        answered.add(RowFactory.create(row.getLong(0), name));
                      }
                    }
                    counter.add(Map.entry(partition, counts(answered.size())));
                    return answered.iterator();
                  },
              Encoders.row(OUTPUT));
      return new BatchAnswers(answers, counter, letters, () -> 0);
    };
  }

  private static GenerationCounts counts(int rows) {
    return new GenerationCounts(rows, 0, 0, 0, 0, 0, 0, Map.of());
  }
}
