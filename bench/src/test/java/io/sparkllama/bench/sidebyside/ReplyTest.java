package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void repliesTravelAsJson() throws IOException {
    for (Reply reply :
        List.of(
            new Reply.Ready("name", "1 (AVX = 1 | F16C = 1)", List.of("prefill", "generate")),
            new Reply.Measured(0.25, 512),
            new Reply.Memory(new ResidentMemory(1, 2, 3)),
            new Reply.Refused("no \"room\""))) {
      assertThat(Reply.of(JSON.readTree(reply.toJson().toString()))).isEqualTo(reply);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"seconds\":0,\"tokens\":5}",
        "{\"seconds\":1.5,\"tokens\":0}",
        "{\"seconds\":1.5}",
        "{\"level\":\"INFO\"}"
      })
  void refusesLinesThatAreNoReply(String line) throws IOException {
    var json = JSON.readTree(line);

    assertThatThrownBy(() -> Reply.of(json)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void residentMemoryIsTheSumOfItsKinds() {
    List<String> rollup =
        List.of(
            "563ce2961000-7ffd458b3000 ---p 00000000 00:00 0                          [rollup]",
            "Rss:                1736 kB",
            "Pss:                 184 kB",
            "Shared_Clean:       1500 kB",
            "Shared_Dirty:         88 kB",
            "Private_Clean:        40 kB",
            "Private_Dirty:       108 kB",
            "Shared_Hugetlb:       77 kB",
            "Private_Hugetlb:      66 kB");

    assertThat(ResidentMemory.ofRollup(rollup))
        .isEqualTo(new ResidentMemory(148 * 1024, 1588 * 1024, 1736 * 1024));
    assertThatThrownBy(() -> ResidentMemory.ofRollup(List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
