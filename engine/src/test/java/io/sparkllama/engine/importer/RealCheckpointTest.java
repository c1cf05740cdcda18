package io.sparkllama.engine.importer;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.ExpectedCompletions;
import io.sparkllama.engine.LlamaEngine;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.QuantizationType;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Imports a really trained checkpoint, and holds it to the GGUF that others made of the same. */
class RealCheckpointTest {
  @TempDir private Path folder;

  private Path imported(Optional<QuantizationType> type) throws IOException {
    Path file = folder.resolve("imported.gguf");
    new ModelImporter(SharedData.path("models/hf-tinystories656K"), type)
        .write(file, (written, total) -> assertThat(written).isLessThanOrEqualTo(total));
    return file;
  }

  @Test
  void hasTheSameTensors() throws IOException {
    GgufFile expected = GgufFile.read(SharedData.path("models/tinystories656K.f32.gguf"));
    GgufFile actual = GgufFile.read(imported(Optional.empty()));

    assertThat(actual.tensors().stream().map(TensorInfo::name))
        .containsExactlyInAnyOrderElementsOf(
            expected.tensors().stream().map(TensorInfo::name).toList());
    try (TensorReader expectedReader = TensorReader.open(expected);
        TensorReader actualReader = TensorReader.open(actual)) {
      for (TensorInfo tensor : expected.tensors()) {
        TensorInfo other = actual.tensor(tensor.name()).orElseThrow();
        assertThat(other.type()).isEqualTo(tensor.type());
        assertThat(other.dimensions()).as(tensor.name()).isEqualTo(tensor.dimensions());
        assertThat(actualReader.readAll(other))
            .as(tensor.name())
            .isEqualTo(expectedReader.readAll(tensor));
      }
    }
  }

  @Test
  void answersAsTheIndependentImplementationDoes() throws IOException {
    Path file = imported(Optional.empty());
    List<ExpectedCompletions.Case> cases = ExpectedCompletions.of("tinystories656K");
    ModelFile model = ModelFile.open(file);
    EngineOptions options =
        EngineOptions.defaults().withThreads(2).withKvCacheType(KvCacheType.F32);
    try (LlamaEngine engine = LlamaEngine.open(model, options)) {
      for (ExpectedCompletions.Case expected : cases) {
        Prompt prompt = Prompt.ofTemplate(expected.prompt());
        assertThat(model.tokenizer().encodeWithBos(prompt)).isEqualTo(expected.promptIds());
        GenerationResult result =
            engine
                .generate(
                    new GenerationRequest(
                        new RowKey(0, 0),
                        prompt,
                        SamplingParams.greedy(expected.greedyIds().length),
                        OverlongPolicy.ERROR))
                .join();
        assertThat(result.tokens()).as(expected.prompt()).isEqualTo(expected.greedyIds());
      }
    }
  }

  @Test
  void turnsMatricesAndLeavesVectorsIn32Bits() throws IOException {
    GgufFile halves = GgufFile.read(imported(Optional.of(QuantizationType.F16)));
    GgufFile expected = GgufFile.read(SharedData.path("models/tinystories656K.f16.gguf"));
    try (TensorReader expectedReader = TensorReader.open(expected);
        TensorReader actualReader = TensorReader.open(halves)) {
      for (TensorInfo tensor : expected.tensors()) {
        TensorInfo other = halves.tensor(tensor.name()).orElseThrow();
        assertThat(other.type()).as(tensor.name()).isEqualTo(tensor.type());
        assertThat(actualReader.readAll(other))
            .as(tensor.name())
            .isEqualTo(expectedReader.readAll(tensor));
      }
    }
  }
}
