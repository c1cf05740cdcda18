package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @ValueSource(strings = {"prefill:512", "decode:8x256x16", "generate:32x128x64"})
  void isTheSameAsTextAndAsCommand(String text) throws IOException {
    Work work = Work.parse(text);
    assertThat(work.text()).isEqualTo(text);
    assertThat(Work.of(JSON.readTree(work.toJson().toString()))).isEqualTo(work);
    assertThat(ContestantSetup.of(new String[] {"a.gguf", "2", text}).arguments())
        .containsExactly("a.gguf", "2", text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "prefill",
        "prefill:",
        "prefill:0",
        "prefill:1x2",
        "decode:8",
        "decode:8x256",
        "decode:8x0x1",
        "generate:1x2x3x4",
        "generate:-1x2x3",
        "sleep:1",
        "prefill:9999999999"
      })
  void refusesWhatIsNoWork(String text) {
    assertThatThrownBy(() -> Work.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"work\":\"prefill\"}",
        "{\"work\":\"prefill\",\"tokens\":0}",
        "{\"work\":\"prefill\",\"tokens\":1.5}",
        "{\"work\":\"decode\",\"sequences\":1,\"context\":2}",
        "{\"work\":\"sleep\"}"
      })
  void refusesWhatIsNoCommand(String json) {
    assertThatThrownBy(() -> Work.of(JSON.readTree(json)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void hasRoundsOfItsOwnAfterAnAt() {
    assertThat(PlannedWork.parse("prefill:512@3", 7))
        .isEqualTo(new PlannedWork(new Work.Prefill(512), 3));
    assertThat(PlannedWork.parse("prefill:512", 7).rounds()).isEqualTo(7);
    assertThatThrownBy(() -> PlannedWork.parse("prefill:512@0", 7))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PlannedWork.parse("prefill:512@x", 7))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void countsTheTokensThatASequenceHasInTheEnd() {
    assertThat(Work.parse("prefill:512").longestSequence()).isEqualTo(513);
    assertThat(Work.parse("decode:8x256x16").longestSequence()).isEqualTo(273);
    assertThat(Work.parse("generate:32x128x64").longestSequence()).isEqualTo(193);
    assertThat(Work.parse("generate:32x128x64").sequences()).isEqualTo(32);
  }
}
