package io.sparkllama.job;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.job.config.JobFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Reads every job file that users copy, as they stand. */
class ExampleJobFilesTest {
  @Test
  void everyExampleIsAWholeJob() throws Exception {
    Path labels = SharedModel.find("documents", "banking77-categories.json");
    Path folder = Path.of(System.getProperty("sparkllama.basedir", ".."), "conf");
    List<Path> examples;
    try (Stream<Path> files = Files.list(folder)) {
      examples = files.filter(file -> file.toString().endsWith(".conf")).sorted().toList();
    }
    assertThat(examples).hasSizeGreaterThanOrEqualTo(2);
    for (Path example : examples) {
      List<String> overrides =
          Files.readString(example).contains("labels-file")
              ? List.of("model.path=m.gguf", "classify.labels-file=" + labels)
              : List.of("model.path=m.gguf");
      JobConfig job = JobConfig.of(JobFile.read(example, overrides));
      assertThat(job.source().paths()).as(example.toString()).isNotEmpty();
      assertThat(job.pipeline().task().names()).as(example.toString()).isNotEmpty();
    }
  }
}
