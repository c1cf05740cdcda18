package io.sparkllama.job.screening;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.job.screening.FileRecord.Fate;
import io.sparkllama.job.source.SourceSpecification;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;

class InputRecordTest {
  private static final InputRecord RECORD =
      new InputRecord(
          "csv",
          Map.of("header", "true"),
          new StructType().add("id", "long").add("text", "map<string,array<int>>"),
          List.of(new FileRecord("file:/a", 1, 2, "", "ab", Fate.TAKEN, "")),
          7);

  @Test
  void isReadAsItWasWritten() throws Exception {
    JsonNode read = new ObjectMapper().readTree(RECORD.json().toString());
    assertThat(InputRecord.parse(read, "m")).isEqualTo(RECORD);
  }

  @Test
  void whatIsNoneIsRefused() {
    for (String field : List.of("columns", "options", "files")) {
      ObjectNode damaged = RECORD.json();
      damaged.put(field, "{");
      assertThatExceptionOfType(InvalidConfigurationException.class)
          .isThrownBy(() -> InputRecord.parse(damaged, "the-manifest"))
          .withMessageContaining("is damaged")
          .withMessageEndingWith("the-manifest");
    }
  }

  @Test
  void columnsHoldWhereTheInputIsReadInTheSameWay() {
    assertThat(RECORD.isReadAs(source("CSV", Map.of("header", "true")))).isTrue();
    assertThat(RECORD.isReadAs(source("csv", Map.of()))).isFalse();
    assertThat(RECORD.isReadAs(source("json", Map.of("header", "true")))).isFalse();
  }

  private static SourceSpecification source(String format, Map<String, String> options) {
    return new SourceSpecification(format, List.of("x"), options, List.of());
  }
}
