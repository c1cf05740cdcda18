package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.FamilyModel;
import io.sparkllama.engine.ModelFile;
import io.sparkllama.engine.SharedData;
import io.sparkllama.engine.gguf.SparseFile;
import io.sparkllama.engine.model.QuantizationMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InspectCommandTest {
  @TempDir private Path folder;

  @Test
  void showsTensorsMemoryAndMetadata() {
    JsonNode json = inspect(SharedData.path("models/stories260K.f32.gguf")).onlyJson();

    assertThat(json.get("runnable").booleanValue()).isTrue();
    assertThat(json.has("problem")).isFalse();
    assertThat(json.at("/tensors/by_type/F32/count").intValue()).isEqualTo(47);
    assertThat(json.at("/tensors/bytes").longValue()).isEqualTo(4 * 260_032);
    // 172 rows take 11 panels of 16; the header 4,096 bytes.
    long packed = 4 * (260_032 + 5 * 2 * 4 * 64) + 4096;
    assertThat(json.get("packed_bytes").longValue()).isEqualTo(packed);
    assertThat(json.get("packed_factor").doubleValue()).isEqualTo(1.014);
    assertThat(json.at("/memory/weights_bytes").longValue()).isEqualTo(packed);
    // 5 layers, keys and values, 4 KV heads of 8; q8 has a scale of 4 bytes per head.
    assertThat(json.at("/memory/kv_bytes_per_token/f32").intValue()).isEqualTo(5 * 2 * 4 * 8 * 4);
    assertThat(json.at("/memory/kv_bytes_per_token/f16").intValue()).isEqualTo(5 * 2 * 4 * 8 * 2);
    assertThat(json.at("/memory/kv_bytes_per_token/q8").intValue()).isEqualTo(5 * 2 * 4 * (8 + 4));
    assertThat(json.at("/memory/kv_bytes_full_context/f16").intValue())
        .isEqualTo(512 * 5 * 2 * 4 * 8 * 2);
    assertThat(json.at("/metadata/llama.context_length").intValue()).isEqualTo(512);
    assertThat(json.at("/metadata/tokenizer.ggml.tokens/count").intValue()).isEqualTo(512);
    assertThat(json.at("/metadata/tokenizer.ggml.tokens/first")).hasSize(8);
  }

  @Test
  void saysWhatAValidFileLacksToBeAModel() {
    JsonNode json = inspect(SharedData.path("tokenizers/llama-bpe.gguf")).onlyJson();

    assertThat(json.get("runnable").booleanValue()).isFalse();
    assertThat(json.get("problem").textValue()).contains("token_embd.weight");
    assertThat(json.has("packed_bytes")).isFalse();
    assertThat(json.get("missing"))
        .extracting(JsonNode::textValue)
        .contains("token_embd.weight", "blk.0.attn_q.weight")
        .doesNotContain("tokenizer.ggml.tokens");
  }

  @Test
  void acceptsAndRefusesEachDefectFileAsItsVerdictSays() throws IOException {
    Path manifest = SharedData.path("gguf/bad/manifest.json");
    for (JsonNode entry : new ObjectMapper().readTree(manifest.toFile())) {
      String name = entry.get("file").textValue();
      CommandRun run = inspect(manifest.resolveSibling(name));
      assertThat(run.json()).as(name).hasSize(1);
      assertThat(run.err()).as(name).isEmpty();
      boolean eitherWay = name.equals("array_nested.gguf") || name.equals("tensor_offset_gap.gguf");
      if (!eitherWay) {
        boolean valid = entry.get("valid").booleanValue();
        assertThat(run.exitCode()).as(name).isEqualTo(valid ? 0 : 2);
        assertThat(run.json().get(0).has("error")).as(name).isEqualTo(!valid);
      }
    }
  }

  @Test
  void refusesWhatIsNoModelWithOneSentence() throws IOException {
    Path text =
        Files.writeString(folder.resolve("text.gguf"), "no model, but long enough to be one");

    CommandRun.of("inspect", "--model", text.toString()).assertRefused(2, text.toString());
    CommandRun.of("inspect", "--model", folder.resolve("absent.gguf").toString())
        .assertRefused(2, "absent.gguf");
    CommandRun.of("inspect", "--model", folder.toString()).assertRefused(2, folder.toString());
  }

  @Test
  void refusesBadUsageWithOneSentence() {
    CommandRun.of("inspect").assertRefused(2, "--model", "--help");
    CommandRun.of("inspect", "--chat").assertRefused(2, "--model");
    CommandRun.of("inspect", "--model", "x", "--chat").assertRefused(2, "--chat");
    CommandRun.of("nothing").assertRefused(2, "nothing");
  }

  private Path large(ModelShape shape) throws IOException {
    SyntheticModel model =
        new SyntheticModel(shape, QuantizationMix.ofLabel("Q4_K_M").orElseThrow(), 0, 0);
    return SparseFile.write(
        folder.resolve(shape.label() + ".gguf"),
        SynthesizeCommand.contents(model, model.tensors(), 0));
  }

  /** Parameters as Meta counts them; 4.5 to 6.6 bits for each. */
  @ParameterizedTest
  @CsvSource({"llama-65b, 65285660672, 5368709120", "llama-2-70b, 68976648192, 1342177280"})
  void saysWhatLargeModelsTake(String shape, long parameters, long fullContext) throws IOException {
    JsonNode json = inspect(large(ModelShape.ofLabel(shape))).onlyJson();

    assertThat(json.get("runnable").booleanValue()).isTrue();
    assertThat(json.at("/tensors/elements").longValue()).isEqualTo(parameters);
    assertThat(json.at("/tensors/elements_per_token").longValue()).isEqualTo(parameters);
    assertThat(json.get("packed_bytes").longValue() * 8.0 / parameters).isBetween(4.5, 5.5);
    long perToken = json.at("/memory/kv_bytes_per_token/f16").longValue();
    assertThat(json.at("/memory/kv_bytes_full_context/f16").longValue())
        .isEqualTo(json.at("/config/context_length").longValue() * perToken)
        .isEqualTo(fullContext);
  }

  @Test
  void saysHowFastTheMachineMayBe() throws IOException {
    Path file = large(ModelShape.LLAMA_2_70B);
    JsonNode json =
        CommandRun.of("inspect", "--model", file.toString(), "--speed", "--json").onlyJson();

    // Two matrices of 8192 x 8192, two of 1024 x 8192 and three of 28672 x 8192 in 80 layers.
    long multiplyAdds = 80L * 8192 * (2 * 8192 + 2 * 1024 + 3 * 28672);
    double bandwidth = json.at("/speed/bandwidth_peak_bytes_per_second").doubleValue();
    double bytes = json.at("/speed/bytes_per_token").doubleValue();
    double peak = json.at("/speed/int8_peak_multiply_adds_per_second").doubleValue();
    assertThat(json.at("/speed/multiply_adds_per_token").longValue()).isEqualTo(multiplyAdds);
    // Of the embedding a token reads one row: all but that matrix.
    assertThat(bytes)
        .isBetween(
            0.98 * json.get("packed_bytes").longValue(),
            1.0 * json.get("packed_bytes").longValue());
    assertThat(json.at("/speed/decode_tokens_per_second_at_most").doubleValue())
        .isCloseTo(bandwidth / bytes, withinPercentage(0.001));
    assertThat(json.at("/speed/prefill_tokens_per_second_at_most").doubleValue())
        .isCloseTo(peak / multiplyAdds, withinPercentage(0.001));
    assertThat(CommandRun.of("inspect", "--model", file.toString(), "--speed").out())
        .containsPattern("decode at most +[0-9.]+ tokens/s for one row: each reads ");
  }

  @Test
  void saysWhatATokenUsesOfExperts() throws IOException {
    FamilyModel mixtral =
        FamilyModel.all().filter(each -> each.name().equals("mixtral")).findFirst().orElseThrow();
    Path file = mixtral.gguf(folder);
    JsonNode json = inspect(file).onlyJson();

    // Six of eight experts are not used, in two layers: three matrices of 64 x 32 each.
    assertThat(json.at("/tensors/elements_per_token").longValue())
        .isEqualTo(json.at("/tensors/elements").longValue() - 2 * 6 * 3 * 64 * 32);
    assertThat(json.at("/config/expert_count").intValue()).isEqualTo(8);
    assertThat(json.at("/config/experts_used").intValue()).isEqualTo(2);
    assertThat(json.at("/config/expert_length").intValue()).isEqualTo(64);
    assertThat(CommandRun.of("inspect", "--model", file.toString()).out())
        .contains("feed-forward 2 of 8 experts of 64");
    WeightWork work = WeightWork.of(ModelFile.open(file));
    long expert = 3 * 64 * 32; // of a layer
    long attention = 2 * 32 * 32 + 2 * 16 * 32 + 8 * 32; // with the router
    assertThat(work.layerMultiplyAdds()).isEqualTo(2 * (attention + 2 * expert));
    assertThat(work.bytesPerStep(1)).isEqualTo(work.commonBytes() + work.expertBytes() / 4.0);
    assertThat(work.bytesPerStep(2))
        .isEqualTo(work.commonBytes() + work.expertBytes() * (1 - 0.75 * 0.75));
  }

  private static CommandRun inspect(Path path) {
    return CommandRun.of("inspect", "--model", path.toString(), "--json");
  }
}
