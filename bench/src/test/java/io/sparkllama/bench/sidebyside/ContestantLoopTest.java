package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContestantLoopTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Work> asked = new ArrayList<>();
  private boolean closed;

  @Test
  void introducesItselfAndAnswersEachCommand() throws IOException {
    List<Reply> replies =
        replies(
            () -> contestant(0.5),
            "{\"work\":\"prefill\",\"tokens\":512}",
            "{\"work\":\"memory\"}",
            "{\"work\":\"decode\",\"sequences\":0,\"context\":1,\"steps\":1}",
            "{\"work\":\"quit\"}",
            "{\"work\":\"prefill\",\"tokens\":1}");
    assertThat(asked).containsExactly(new Work.Prefill(512));
    assertThat(closed).isTrue();
    assertThat(replies).hasSize(4);
    assertThat(replies.get(0)).isEqualTo(new Reply.Ready("fake", "1", List.of("prefill")));
    assertThat(replies.get(1)).isEqualTo(new Reply.Measured(0.5, 512));
    assertThat(((Reply.Memory) replies.get(2)).resident()).isNotNull();
    assertThat(((Reply.Refused) replies.get(3)).error()).contains("sequences");
  }

  @Test
  void saysWhyItCannotTakePart() throws IOException {
    assertThat(
            replies(
                () -> {
                  throw new UnsatisfiedLinkError("no library");
                }))
        .containsExactly(new Reply.Refused("no library"));
  }

  private List<Reply> replies(ContestantLoop.Opening opening, String... commands)
      throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] in = (String.join("\n", commands) + "\n").getBytes(StandardCharsets.UTF_8);
    new ContestantLoop(
            new ByteArrayInputStream(in), new PrintStream(out, true, StandardCharsets.UTF_8))
        .obey(opening);
    List<Reply> replies = new ArrayList<>();
    for (String line : out.toString(StandardCharsets.UTF_8).lines().toList()) {
      replies.add(Reply.of(JSON.readTree(line)));
    }
    return replies;
  }

  private Contestant contestant(double seconds) {
    return new Contestant() {
      @Override
      public Reply.Ready introduction() {
        return new Reply.Ready("fake", "1", List.of("prefill"));
      }

      @Override
      public Reply.Measured measured(Work work) {
        asked.add(work);
        return new Reply.Measured(seconds, work.longestSequence() - 1);
      }

      @Override
      public void close() {
        closed = true;
      }
    };
  }
}
