package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportCommandTest {
  private static final String CHECKPOINTS = "src/test/resources/importer/";

  @TempDir private Path folder;

  @Test
  void tellsWhatItWroteAndInspectAcceptsIt() throws IOException {
    Path file = folder.resolve("model.gguf");

    JsonNode json =
        CommandRun.of("import", CHECKPOINTS + "llama3", file.toString(), "--json").onlyJson();

    assertThat(json.get("output").textValue()).isEqualTo(file.toString());
    assertThat(json.get("architecture").textValue()).isEqualTo("llama");
    assertThat(json.get("type").textValue()).isEqualTo("BF16");
    GgufFile gguf = GgufFile.read(file);
    assertThat(json.get("tensors").intValue()).isEqualTo(gguf.tensors().size());
    assertThat(json.get("elements").longValue())
        .isEqualTo(gguf.tensors().stream().mapToLong(t -> t.rows() * t.columns()).sum());
    assertThat(json.get("bytes").longValue()).isEqualTo(Files.size(file));
    JsonNode inspected = CommandRun.of("inspect", "--model", file.toString(), "--json").onlyJson();
    assertThat(inspected.get("runnable").booleanValue()).isTrue();
  }

  @Test
  void typeChangesMatricesAlone() {
    Path file = folder.resolve("model.gguf");

    CommandRun run =
        CommandRun.of("import", CHECKPOINTS + "llama3", file.toString(), "--type", "F32");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out()).contains("llama as F32");
    assertThat(GgufFile.read(file).tensors())
        .allSatisfy(tensor -> assertThat(tensor.type()).isEqualTo(QuantizationType.F32));
  }

  @Test
  void refusesInOneSentence() {
    String out = folder.resolve("out.gguf").toString();

    CommandRun.of("import", folder.resolve("nowhere").toString(), out)
        .assertRefused(2, "must be a directory", "nowhere");
    CommandRun.of("import", folder.toString(), out)
        .assertRefused(2, "config.json", "params.json", folder.toString());
    CommandRun.of("import", CHECKPOINTS + "llama3", folder.toString())
        .assertRefused(2, "name a file", folder.toString());
    CommandRun.of("import", CHECKPOINTS + "llama3", out + "/x/y.gguf")
        .assertRefused(2, "folder does not exist", "out.gguf");
    CommandRun.of("import", CHECKPOINTS + "llama3", out, "--type", "q8_0")
        .assertRefused(2, "f32, f16 or bf16", "q8_0");
    assertThat(Path.of(out)).doesNotExist();
  }
}
