package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '\u0001',
      value = {
        "prefill:512; {\"work\":\"prefill\",\"tokens\":512}",
        "decode:8x256x16; {\"work\":\"decode\",\"sequences\":8,\"context\":256,\"steps\":16}",
        "generate:32x128x64;"
            + " {\"work\":\"generate\",\"prompts\":32,\"prompt_tokens\":128,\"new_tokens\":64}"
      })
  void commandsAreOneLineOfJson(String text, String command) throws IOException {
    Work work = Work.parse(text);

    assertThat(work.toJson()).hasToString(command);
    assertThat(Work.of(JSON.readTree(command))).isEqualTo(work);
    assertThat(work.text()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "prefill",
        "prefill:",
        "prefill:0",
        "prefill:5x6",
        "decode:8x256",
        "sing:1",
        "decode:8x256x16x2",
        "generate:1x2x-3",
        "prefill:99999999999"
      })
  void refusesWhatIsNoWork(String text) {
    assertThatThrownBy(() -> Work.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prefill:TOKENS");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"work\":\"sing\"}",
        "{\"work\":\"prefill\"}",
        "{\"work\":\"prefill\",\"tokens\":0}",
        "{\"work\":\"prefill\",\"tokens\":\"5\"}",
        "{\"work\":\"decode\",\"sequences\":8,\"context\":256}"
      })
  void refusesCommandsThatLackSomething(String command) throws IOException {
    var json = JSON.readTree(command);

    assertThatThrownBy(() -> Work.of(json)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aWorkMayHaveRoundsOfItsOwn() {
    assertThat(PlannedWork.parse("prefill:512", 7))
        .isEqualTo(new PlannedWork(new Work.Prefill(512), 7));
    assertThat(PlannedWork.parse("decode:16x4096x16@3", 7))
        .isEqualTo(new PlannedWork(new Work.Decode(16, 4096, 16), 3));
    for (String wrong : List.of("prefill:512@", "prefill:512@x", "prefill:512@0")) {
      assertThatThrownBy(() -> PlannedWork.parse(wrong, 7))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void aSetupTravelsAsArguments() {
    ContestantSetup setup =
        new ContestantSetup(
            Path.of("model.gguf"), 2, List.of(new Work.Prefill(512), new Work.Decode(1, 2, 3)));

    assertThat(setup.arguments()).containsExactly("model.gguf", "2", "prefill:512", "decode:1x2x3");
    assertThat(ContestantSetup.of(setup.arguments().toArray(String[]::new))).isEqualTo(setup);
  }
}
