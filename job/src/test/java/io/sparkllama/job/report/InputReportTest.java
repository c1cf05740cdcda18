package io.sparkllama.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InputReportTest {
  private static final InputReport REPORT =
      new InputReport(
          Optional.of(
              new InputFiles(
                  2,
                  3,
                  List.of(
                      new LeftFile("file:/a", InputFiles.REDELIVERED, "file:/b"),
                      new LeftFile("file:/c", InputFiles.PARTIAL, "it is empty")))),
          new InputRows(100, 7, 5, 3, Map.of("null-key", 1L, "changed", 2L), Optional.of("/list")),
          0);

  @Test
  void givesEachFileAndRowOneName() {
    LabeledLines lines = new LabeledLines();
    REPORT.add(lines);
    assertThat(lines.toString())
        .isEqualTo(
            """
            files in          7: 2 read, 3 known, 1 re-delivered, 1 partial, 0 set aside
                              re-delivered file:/a: file:/b
                              partial file:/c: it is empty
            rows in           118: 100 taken, 7 left, 5 known, 3 re-delivered, 3 set aside
                              2 changed
                              1 null-key
            set aside         /list
            """);
  }

  @Test
  void givesTheSameAsJson() throws Exception {
    ObjectNode object = new ObjectMapper().createObjectNode();
    REPORT.put(object);
    assertThat(new ObjectMapper().readTree(object.toString()))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"files":7,"files_read":2,"files_known":3,"files_redelivered":1,
                     "files_partial":1,"files_set_aside":0,
                     "files_left":[
                       {"path":"file:/a","fate":"re-delivered","reason":"file:/b"},
                       {"path":"file:/c","fate":"partial","reason":"it is empty"}],
                     "rows":118,"rows_taken":100,"rows_left":7,"rows_known":5,
                     "rows_redelivered":3,"rows_set_aside":3,
                     "set_aside":{"changed":2,"null-key":1},"set_aside_list":"/list",
                     "rows_set_aside_before":0}
                    """));
  }

  @Test
  void saysWhetherSomebodyMustLook() {
    InputRows none = new InputRows(1, 0, 0, 0, Map.of(), Optional.empty());
    assertThat(new InputReport(Optional.empty(), none, 0).hasSetAside()).isFalse();
    assertThat(new InputReport(Optional.empty(), none, 1).hasSetAside()).isTrue();
    for (String fate : List.of(InputFiles.PARTIAL, InputFiles.SET_ASIDE)) {
      InputFiles files = new InputFiles(0, 0, List.of(new LeftFile("f", fate, "")));
      assertThat(new InputReport(Optional.of(files), none, 0).hasSetAside())
          .isEqualTo(fate.equals(InputFiles.SET_ASIDE));
    }
  }

  @Test
  void namesSomeOfManyFiles() {
    List<LeftFile> left =
        IntStream.range(0, 50)
            .mapToObj(i -> new LeftFile("f" + i, InputFiles.PARTIAL, "it is empty"))
            .toList();
    LabeledLines lines = new LabeledLines();
    new InputFiles(0, 0, left).add(lines);
    assertThat(lines.toString().lines()).hasSize(22).last().asString().endsWith("and 30 more");
  }
}
