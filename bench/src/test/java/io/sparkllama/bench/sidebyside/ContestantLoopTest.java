package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContestantLoopTest {
  private final Recorder recorder = new Recorder();

  @Test
  void introducesItselfAndAnswersEachLineWithOne() throws IOException {
    List<String> replies =
        obey(
            () -> recorder,
            "{\"work\":\"prefill\",\"tokens\":512}",
            "{\"work\":\"memory\"}",
            "{\"work\":\"quit\"}",
            "{\"work\":\"prefill\",\"tokens\":1}");

    assertThat(replies).hasSize(3);
    assertThat(replies.get(0))
        .isEqualTo("{\"name\":\"recorder\",\"version\":\"1\",\"works\":[\"prefill\"]}");
    assertThat(replies.get(1)).isEqualTo("{\"seconds\":0.5,\"tokens\":512}");
    assertThat(replies.get(2))
        .contains("\"private_bytes\":", "\"shared_bytes\":", "\"rss_bytes\":");
    assertThat(recorder.closed).isTrue();
  }

  @Test
  void goesOnAfterAWorkThatItCannotDo() throws IOException {
    List<String> replies =
        obey(
            () -> recorder,
            "{\"work\":\"decode\",\"sequences\":8,\"context\":256,\"steps\":16}",
            "{\"work\":\"sing\"}",
            "{\"work\":\"prefill\",\"tokens\":3}");

    assertThat(replies.subList(1, 4))
        .containsExactly(
            "{\"error\":\"it only prefills\"}",
            "{\"error\":\"There is no such work: sing\"}",
            "{\"seconds\":0.5,\"tokens\":3}");
    assertThat(recorder.closed).as("closed at the end of the input").isTrue();
  }

  @Test
  void saysWhyItCannotTakePart() throws IOException {
    assertThat(
            obey(
                () -> {
                  throw new UnsatisfiedLinkError("no library for this processor");
                }))
        .containsExactly("{\"error\":\"no library for this processor\"}");
  }

  private static List<String> obey(ContestantLoop.Opening opening, String... commands)
      throws IOException {
    ByteArrayOutputStream replies = new ByteArrayOutputStream();
    byte[] input = String.join("\n", commands).getBytes(StandardCharsets.UTF_8);
    try (PrintStream out = new PrintStream(replies, true, StandardCharsets.UTF_8)) {
      new ContestantLoop(new ByteArrayInputStream(input), out).obey(opening);
    }
    return replies.toString(StandardCharsets.UTF_8).lines().toList();
  }

  private static final class Recorder implements Contestant {
    private boolean closed;

    @Override
    public Reply.Ready introduction() {
      return new Reply.Ready("recorder", "1", List.of("prefill"));
    }

    @Override
    public Reply.Measured measured(Work work) {
      if (work instanceof Work.Prefill prefill) {
        return new Reply.Measured(0.5, prefill.tokens());
      }
      throw new IllegalArgumentException("it only prefills");
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
