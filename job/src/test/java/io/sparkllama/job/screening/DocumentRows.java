package io.sparkllama.job.screening;

import io.sparkllama.engine.api.ClassifyRequest.Normalization;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.job.pipeline.ClassifyTask;
import io.sparkllama.job.pipeline.PipelineSpecification;
import io.sparkllama.job.pipeline.PreparedRows;
import io.sparkllama.job.planning.RowSpread;
import io.sparkllama.job.prompt.PromptTemplate;
import io.sparkllama.job.source.DocumentSource;
import io.sparkllama.job.source.SourceSpecification;
import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * Screens an input for a job whose prompt names some of its columns.
 *
 * @param names of the key's columns and the prompt's
 */
record DocumentRows(SparkSession spark, SourceSpecification source, List<String> names) {

  StructType columns() throws IOException {
    return InputScreen.of(spark, source).columns();
  }

  /**
   * @param known columns that an earlier intake has found
   */
  Screening screening(Optional<StructType> known, BadRowLimit limit) throws IOException {
    InputScreen input = InputScreen.of(spark, source);
    StructType columns = known.isPresent() ? known.get() : input.columns();
    PipelineSpecification pipeline =
        new PipelineSpecification(
            new ClassifyTask(
                PromptTemplate.compile(
                    "prompt.template",
                    inputs().stream()
                        .map(name -> "{{ " + name + " }}")
                        .collect(Collectors.joining()),
                    LocalDate.EPOCH),
                List.of("x", "y"),
                Normalization.NONE,
                OverlongPolicy.ERROR),
            "prompt.template",
            List.of(),
            Optional.empty(),
            8,
            RowSpread.ofSource());
    DocumentSource keys = new DocumentSource(source);
    return new Screening(
        input,
        columns,
        (documents, marks) ->
            PreparedRows.of(pipeline, documents, keys.keyColumns(documents.schema()), marks),
        limit);
  }

  private List<String> inputs() {
    List<String> inputs =
        names.stream().filter(name -> !source.keyColumns().contains(name)).toList();
    return inputs.isEmpty() ? names : inputs;
  }

  /** Returns the values of the key's columns and the prompt's, a text for each row. */
  List<String> texts(Dataset<Row> rows) {
    int count = source.keyColumns().size() + inputs().size();
    return rows.collectAsList().stream()
        .map(
            row ->
                java.util.stream.IntStream.range(0, count)
                    .mapToObj(i -> String.valueOf(row.get(i)))
                    .collect(Collectors.joining(" ")))
        .toList();
  }
}
