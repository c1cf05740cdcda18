package io.sparkllama.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkllama.engine.api.EngineOptions;
import io.sparkllama.engine.api.GenerationRequest;
import io.sparkllama.engine.api.GenerationResult;
import io.sparkllama.engine.api.InstructionSet;
import io.sparkllama.engine.api.KvCacheType;
import io.sparkllama.engine.api.OverlongPolicy;
import io.sparkllama.engine.api.Prompt;
import io.sparkllama.engine.api.RowKey;
import io.sparkllama.engine.api.SamplingParams;
import io.sparkllama.engine.gguf.GgufContents;
import io.sparkllama.engine.gguf.GgufFile;
import io.sparkllama.engine.gguf.GgufWriter;
import io.sparkllama.engine.gguf.TensorInfo;
import io.sparkllama.engine.gguf.TensorReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs models of many experts: answers do not depend on what else is in a batch, files are as old
 * converters wrote them too, and a router may be damaged.
 */
@Timeout(120)
class ExpertModelTest {
  @TempDir Path directory;

  private static FamilyModel family(String name) {
    return FamilyModel.all().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
  }

  private EngineOptions options() {
    return EngineOptions.defaults()
        .withThreads(2)
        .withKvCacheType(KvCacheType.F32)
        .withCacheDirectory(directory);
  }

  private static List<GenerationResult> answers(
      Path file, List<FamilyModel.Case> cases, EngineOptions options) {
    try (LlamaEngine engine = LlamaEngine.open(file, options)) {
      return cases.stream()
          .map(
              each ->
                  engine.generate(
                      new GenerationRequest(
                          new RowKey(0, 0),
                          Prompt.ofTemplate(each.prompt()),
                          SamplingParams.greedy(each.greedyIds().length),
                          OverlongPolicy.ERROR)))
          .toList()
          .stream()
          .map(future -> future.join())
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mixtral", "qwen2-moe", "qwen3-moe"})
  void answersAreTheSameBitsWhateverTheBatch(String name) {
    FamilyModel family = family(name);
    Path file = family.gguf(directory);
    EngineOptions alone = options().withBatchLimits(1, 512, 512).withPrefixCache(false);
    List<GenerationResult> expected = answers(file, family.cases(), alone.withThreads(1));
    for (EngineOptions options :
        List.of(
            alone.withBatchLimits(3, 16, 16),
            alone.withBatchLimits(3, 512, 512),
            alone.withBatchLimits(3, 37, 1).withThreads(3),
            options().withBatchLimits(3, 64, 5),
            alone.withBatchLimits(3, 512, 7).withInstructionSet(InstructionSet.REFERENCE))) {
      assertThat(answers(file, family.cases(), options))
          .as("%s", options)
          .usingRecursiveComparison()
          .isEqualTo(expected);
    }
  }

  /** Writes a file that has a tensor for each expert. */
  private static Path separated(Path stacked, Path target) throws IOException {
    GgufFile file = GgufFile.read(stacked);
    List<TensorInfo> parts = new ArrayList<>();
    List<String> names = new ArrayList<>();
    GgufContents contents = new GgufContents();
    file.metadata()
        .keys()
        .forEach(key -> contents.put(key, file.metadata().value(key).orElseThrow()));
    for (TensorInfo tensor : file.tensors()) {
      boolean experts = tensor.name().contains("_exps.");
      long rows = experts ? tensor.dimensions()[1] : tensor.rows();
      for (int i = 0; i < tensor.rows() / rows; i++) {
        TensorInfo part = experts ? tensor.slice(i * rows, rows) : tensor;
        parts.add(part);
        names.add(experts ? tensor.name().replace("_exps.", "." + i + ".") : tensor.name());
        contents.tensor(names.get(names.size() - 1), part.type(), part.dimensions());
      }
    }
    try (TensorReader reader = TensorReader.open(file);
        GgufWriter writer = GgufWriter.create(target, contents)) {
      for (int i = 0; i < parts.size(); i++) {
        ByteBuffer bytes = ByteBuffer.allocate((int) parts.get(i).byteSize());
        reader.readBytes(parts.get(i), 0, bytes);
        writer.write(names.get(i), bytes.flip());
      }
      writer.finish();
    }
    return target;
  }

  @ParameterizedTest
  @ValueSource(strings = {"mixtral", "qwen2-moe", "qwen3-moe"})
  void expertsInTensorsOfTheirOwnGiveTheSameText(String name) throws IOException {
    FamilyModel family = family(name);
    Path file = separated(family.gguf(directory), directory.resolve("separate.gguf"));
    assertThat(GgufFile.read(file).tensor("blk.1.ffn_down.5.weight")).isPresent();
    List<GenerationResult> answers = answers(file, family.cases(), options());
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).tokens()).isEqualTo(family.cases().get(i).greedyIds());
    }
  }

  /** A router whose logits are no numbers gives rows an error, as any such logits do. */
  @ParameterizedTest
  @ValueSource(strings = {"ffn_gate_inp", "ffn_gate_inp_shexp"})
  void aRouterOfNoNumbersIsTheRowsError(String router) throws IOException {
    FamilyModel family = family("qwen2-moe");
    Path file = Files.copy(family.gguf(directory), directory.resolve("nan.gguf"));
    TensorInfo tensor = GgufFile.read(file).tensor("blk.0." + router + ".weight").orElseThrow();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {0, 0, (byte) 0xc0, 0x7f}), tensor.offset());
    }
    for (GenerationResult answer : answers(file, family.cases(), options())) {
      assertThat(answer.error()).isPresent();
      assertThat(answer.error().get().message()).contains("not numbers");
    }
  }
}
