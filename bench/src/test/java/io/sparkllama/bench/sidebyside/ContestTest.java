package io.sparkllama.bench.sidebyside;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs contests of shell scripts. */
class ContestTest {
  private static final String INTRODUCTION =
      "echo '{\"name\":\"n\",\"version\":\"1\",\"works\":[\"prefill\"]}'";
  private static final String MEASURED = "echo '{\"seconds\":0.5,\"tokens\":8}'";
  private static final PlannedWork PREFILL = new PlannedWork(new Work.Prefill(8), 3);

  @TempDir private Path folder;

  private final List<Participant> contestants = new ArrayList<>();
  private final List<String> progress = new ArrayList<>();

  @AfterEach
  void end() {
    contestants.forEach(contestant -> contestant.process().ifPresent(ContestantProcess::close));
  }

  @Test
  void eachMeetsEveryRoundInAnOrderThatTurns() throws IOException {
    String obeys = INTRODUCTION + "; while read command; do echo noise; " + MEASURED + "; done";
    start("a", obeys);
    start("b", obeys);
    start("c", obeys);

    WorkResult result = new Contest(contestants, () -> 1e9, progress::add).measured(PREFILL);

    assertThat(result.rounds()).isEqualTo(3);
    assertThat(result.tokensPerSecond("c")).contains(new Distribution(16, 16, 16, 3));
    assertThat(result.busyWithOthers().orElseThrow().count()).isEqualTo(12);
    assertThat(progress.stream().map(line -> line.replaceAll(".*, ([abc]): .*", "$1")))
        .containsExactly("a", "b", "c", "a", "b", "c", "b", "c", "a", "c", "a", "b");
  }

  @Test
  void memoryIsMeasuredAroundEveryTurnOfWorkThatItBounds() throws IOException {
    start(
        "a",
        INTRODUCTION.replace("prefill", "decode")
            + "; while read command; do "
            + MEASURED
            + "; done");
    List<Double> bandwidths = new ArrayList<>(List.of(1.0, 1.0, 320.0, 300.0, 100.0, 160.0));

    WorkResult result =
        new Contest(contestants, () -> bandwidths.remove(0), progress::add)
            .measured(new PlannedWork(new Work.Decode(1, 8, 8), 2));

    // The warm-up's pair does not count: 16 tokens/s of 5 bytes of 320, and of 160.
    assertThat(result.bandwidthShare("a", 5)).contains(new Distribution(0.375, 0.25, 0.5, 2));
    assertThat(bandwidths).isEmpty();
  }

  @Test
  void whoEndsHasNoFurtherRoundsAndTheReasonIsKept() throws IOException {
    start("a", INTRODUCTION + "; while read command; do " + MEASURED + "; done");
    start(
        "b",
        INTRODUCTION
            + "; read command; "
            + MEASURED
            + "; read command; "
            + MEASURED
            + "; read command; echo 'out of memory' >&2; exit 1");

    WorkResult result = new Contest(contestants, () -> 1e9, progress::add).measured(PREFILL);

    assertThat(result.turns("a")).hasSize(3);
    assertThat(result.turns("b")).hasSize(1);
    assertThat(result.failures().get("b")).contains("ended").contains("out of memory");
  }

  @Test
  void nobodyIsAskedForWorkThatHeDoesNotTake() throws IOException {
    start("a", INTRODUCTION + "; read command; exit 1");

    WorkResult result =
        new Contest(contestants, () -> 1e9, progress::add)
            .measured(new PlannedWork(new Work.Generate(1, 2, 3), 2));

    assertThat(result.rounds()).isZero();
    assertThat(result.failures()).isEmpty();
  }

  @Test
  void whoIsSilentIsGivenUp() throws IOException {
    ContestantProcess process =
        ContestantProcess.start(List.of("sleep", "600"), Duration.ofSeconds(1));

    assertThat(process.introduction()).isEqualTo(new Reply.Refused("no reply within 1 seconds"));
    process.close();
  }

  private void start(String name, String script) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".sh"), script);
    ContestantProcess process =
        ContestantProcess.start(List.of("sh", file.toString()), Duration.ofSeconds(60));
    contestants.add(new Participant(name, Optional.of(process), process.introduction(), 0.1));
  }
}
