package io.sparkllama.engine.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkllama.engine.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  private static CommandRun inspect(Path path) {
    return CommandRun.of("inspect", "--model", path.toString(), "--json");
  }
}
