package io.sparkllama.job.broadcast;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkCarouselTest {
  private static final int CHUNKS = 7;
  private static final int SHARE = 3;
  private static final int NOTHING = -1;
  private static final Duration PATIENCE = Duration.ofSeconds(100);

  private long now;
  private final ChunkCarousel<String> carousel =
      new ChunkCarousel<>(CHUNKS, 2, SHARE, Duration.ZERO, PATIENCE, () -> now);
  private final List<Integer> sent = new ArrayList<>();
  private int asked;
  private int mostAlive;
  private int alive;

  /** Does what the server does in one turn. */
  private void turn() {
    alive -= carousel.retire().size();
    for (OptionalInt next = carousel.next(); next.isPresent(); next = carousel.next()) {
      carousel.made(next.getAsInt(), "chunk " + next.getAsInt());
      sent.add(next.getAsInt());
      alive++;
    }
    mostAlive = Math.max(mostAlive, alive);
  }

  private final class Fetcher {
    private final String name;
    private final BitSet held = new BitSet();

    Fetcher(String name) {
      this.name = name;
    }

    /** Asks once and takes what it gets; tells whether it got something. */
    boolean ask() {
      assertThat(++asked).as("fetchers that ask for ever").isLessThan(200_000);
      Optional<ChunkCarousel.Dealt<String>> dealt = carousel.ask(name, (BitSet) held.clone());
      turn();
      dealt.ifPresent(
          chunk -> {
            assertThat(held.get(chunk.chunk())).isFalse();
            assertThat(chunk.handle()).isEqualTo("chunk " + chunk.chunk());
            held.set(chunk.chunk());
          });
      return dealt.isPresent();
    }

    boolean isDone() {
      return held.cardinality() == CHUNKS;
    }

    void leave() {
      carousel.leave(name, (BitSet) held.clone());
      turn();
    }
  }

  @Test
  void oneFetcherGetsEachChunkOnceAndInOrder() {
    Fetcher one = new Fetcher("1");
    while (!one.isDone()) {
      one.ask();
    }
    one.leave();

    assertThat(sent).containsExactly(0, 1, 2, 3, 4, 5, 6);
    assertThat(mostAlive).isEqualTo(2);
    assertThat(alive).isZero();
  }

  @Test
  void theSlowestHoldsTheOthersUpWithinTheWindow() {
    Fetcher fast = new Fetcher("fast");
    Fetcher slow = new Fetcher("slow");
    fast.ask();
    slow.ask();
    assertThat(fast.ask()).isTrue();
    assertThat(fast.ask()).isTrue();
    for (int i = 0; i < 5; i++) {
      assertThat(fast.ask()).isFalse();
    }
    assertThat(sent).containsExactly(0, 1);
    assertThat(slow.ask()).isTrue(); // has one, and says so: 2 is made
    assertThat(fast.ask()).isTrue();
    assertThat(fast.held.get(2)).isTrue();
  }

  /** Each who has a chunk sends first blocks to so many, and to no more. */
  @Test
  void whoHasAChunkLetsAFewOthersIn() {
    new Fetcher("0").ask(); // the first finds no chunk yet
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 1; i <= 12; i++) {
      waiting.add(new Fetcher("f" + i));
    }
    assertThat(waiting.stream().map(this::dealtTo))
        .startsWith(0, 1, 0, 1, 0, 1) // SHARE of each, the rarest first
        .endsWith(NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING);

    Fetcher first = waiting.get(0);
    first.held.set(0);
    assertThat(dealtTo(first)).isEqualTo(NOTHING); // it has 0, and enough fetch 1
    assertThat(waiting.stream().skip(2 * SHARE).map(this::dealtTo))
        .containsExactly(0, 0, 0, 0, NOTHING, NOTHING); // SHARE more, and one in its place
  }

  @Test
  void whoHasAChunkOfAnEarlierRunOnItsDiskPassesNothingOn() {
    Fetcher resumed = new Fetcher("resumed");
    resumed.held.set(0, 5); // never fetched
    assertThat(dealtTo(resumed))
        .isEqualTo(NOTHING); // the first finds no chunk yet: 5 and 6 are made
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 0; i <= 2 * SHARE; i++) {
      waiting.add(new Fetcher("f" + i));
      waiting.get(i).held.set(5); // on its disk
    }
    assertThat(waiting.stream().map(this::dealtTo))
        .containsExactly(6, 6, 6, NOTHING, NOTHING, NOTHING, NOTHING);
  }

  /** The blocks of a chunk stay with an executor that needs no more. */
  @Test
  void whoGotAChunkAndLeftStillPassesItOn() {
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 0; i <= 2 * SHARE; i++) {
      waiting.add(new Fetcher("f" + i));
      waiting.get(i).held.set(1, CHUNKS);
    }
    Fetcher first = waiting.get(0);
    dealtTo(first); // finds no chunk yet
    assertThat(waiting.stream().map(this::dealtTo))
        .containsExactly(0, 0, 0, NOTHING, NOTHING, NOTHING, NOTHING);
    first.held.set(0); // its last: it asks no more
    first.leave();
    assertThat(waiting.stream().skip(SHARE).map(this::dealtTo)).containsExactly(0, 0, 0, 0);
    assertThat(dealtTo(new Fetcher("more"))).isEqualTo(NOTHING); // as many fetch it as may
  }

  @Test
  void whoLeavesWithoutTheChunkOrIsNoMorePassesNothingOn() {
    new Fetcher("0").ask();
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 0; i <= 2 * SHARE; i++) {
      waiting.add(new Fetcher("f" + i));
      waiting.get(i).held.set(1, CHUNKS);
    }
    assertThat(waiting.stream().limit(SHARE).map(this::dealtTo)).containsExactly(0, 0, 0);
    waiting.get(0).leave(); // failed
    assertThat(waiting.stream().skip(SHARE).map(this::dealtTo))
        .containsExactly(0, NOTHING, NOTHING, NOTHING);
    waiting.get(1).held.set(0);
    waiting.get(1).leave(); // a giver
    carousel.lose("f1"); // that ends
    assertThat(waiting.stream().skip(SHARE + 1).map(this::dealtTo))
        .containsExactly(0, NOTHING, NOTHING); // its place, and none that it would let in
  }

  @Test
  void whoGotAChunkTwiceCountsOnce() {
    new Fetcher("0").ask();
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 0; i <= 3 * SHARE; i++) {
      waiting.add(new Fetcher("f" + i));
      waiting.get(i).held.set(1, CHUNKS);
    }
    Fetcher first = waiting.get(0);
    for (int i = 0; i < 2; i++) {
      assertThat(dealtTo(first)).isZero();
      first.held.set(0);
      assertThat(dealtTo(first)).isEqualTo(NOTHING); // says that it has it
      first.held.clear(0); // its file is damaged
    }
    first.held.set(0);
    assertThat(waiting.stream().skip(1).map(this::dealtTo))
        .containsExactly(0, 0, 0, 0, 0, 0, NOTHING, NOTHING, NOTHING); // twice SHARE
  }

  @Test
  void whoFailedToFetchAChunkPassesNothingOn() {
    new Fetcher("0").ask(); // the first finds no chunk yet
    List<Fetcher> waiting = new ArrayList<>();
    for (int i = 0; i <= SHARE; i++) {
      waiting.add(new Fetcher("f" + i));
      waiting.get(i).held.set(1, CHUNKS);
    }
    assertThat(waiting.stream().map(this::dealtTo)).containsExactly(0, 0, 0, NOTHING);
    assertThat(dealtTo(waiting.get(0))).isZero(); // tries it again
    assertThat(dealtTo(waiting.get(SHARE))).isEqualTo(NOTHING);
  }

  /** As where its file was damaged. */
  @Test
  void whatAFetcherHasLostIsSentAgain() {
    Fetcher one = new Fetcher("1");
    one.held.set(0, CHUNKS - 1);
    dealtTo(one);
    assertThat(dealtTo(one)).isEqualTo(CHUNKS - 1);
    one.held.set(CHUNKS - 1);
    one.held.clear(0);
    dealtTo(one);
    assertThat(dealtTo(one)).isZero();
    assertThat(sent).containsExactly(CHUNKS - 1, 0);
  }

  @Test
  void whoIsGoneLetsAnotherInToItsPlace() {
    new Fetcher("0").ask();
    List<Fetcher> first = new ArrayList<>();
    for (int i = 1; i <= 2 * SHARE; i++) {
      first.add(new Fetcher("f" + i));
      assertThat(dealtTo(first.get(i - 1))).isNotEqualTo(NOTHING);
    }
    Fetcher late = new Fetcher("late");
    assertThat(dealtTo(late)).isEqualTo(NOTHING);
    first.get(0).leave();
    assertThat(dealtTo(late)).isZero();
    Fetcher later = new Fetcher("later");
    assertThat(dealtTo(later)).isEqualTo(NOTHING);
    now += PATIENCE.toNanos() + 1;
    carousel.ask("later", (BitSet) later.held.clone());
    turn(); // forgets all others
    assertThat(dealtTo(later)).isZero();
  }

  private int dealtTo(Fetcher fetcher) {
    Optional<ChunkCarousel.Dealt<String>> dealt =
        carousel.ask(fetcher.name, (BitSet) fetcher.held.clone());
    turn();
    return dealt.map(ChunkCarousel.Dealt::chunk).orElse(NOTHING);
  }

  @Test
  void whatIsMadeAfterTheEndIsNotKept() {
    new Fetcher("1").ask();
    assertThat(carousel.clear()).hasSize(2);

    assertThat(carousel.made(2, "chunk 2")).isFalse();
    assertThat(carousel.clear()).isEmpty();
  }

  @Test
  void whoComesLateTravelsWithTheOthersAndGetsTheRestAfterwards() {
    Fetcher early = new Fetcher("early");
    while (early.held.cardinality() < 4) {
      early.ask();
    }
    Fetcher late = new Fetcher("late");
    while (!early.isDone() || !late.isDone()) {
      if (!early.isDone()) {
        early.ask();
        if (early.isDone()) {
          early.leave();
        }
      }
      late.ask();
    }
    late.leave();

    assertThat(sent).startsWith(0, 1, 2, 3, 4, 5, 6);
    assertThat(sent).hasSizeLessThan(CHUNKS + 5); // what the late one has missed, and no more
    assertThat(alive).isZero();
  }

  @Test
  void whatIsHeldAlreadyIsNotSent() {
    Fetcher resumed = new Fetcher("1");
    resumed.held.set(0, 5);
    while (!resumed.isDone()) {
      resumed.ask();
    }
    assertThat(sent).containsExactly(5, 6);
  }

  @Test
  void whoDoesNotAskAnyMoreHoldsNobodyUpForLong() {
    Fetcher dead = new Fetcher("dead");
    Fetcher living = new Fetcher("living");
    dead.ask();
    while (living.ask() || sent.isEmpty() || living.held.cardinality() < 2) {
      assertThat(living.isDone()).isFalse();
    }
    assertThat(sent).containsExactly(0, 1);
    now += PATIENCE.toNanos() + 1;
    while (!living.isDone()) {
      living.ask();
    }
    assertThat(sent).containsExactly(0, 1, 2, 3, 4, 5, 6);
    dead.ask(); // it was only slow: it gets what there is, from where it was
    assertThat(dead.ask()).isTrue();
  }

  @Test
  void theFirstWaitsForOthersToTravelWith() {
    ChunkCarousel<String> gathering =
        new ChunkCarousel<>(CHUNKS, 2, SHARE, Duration.ofSeconds(1), PATIENCE, () -> now);
    now = 5_000_000_000L;
    gathering.ask("1", new BitSet());
    assertThat(gathering.next()).isEmpty();
    now += 1_000_000_001;
    assertThat(gathering.next()).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void anyMixOfFetchersEndsWithAllChunksAndAtMostTheWindowAlive(long seed) {
    Random random = new Random(seed);
    List<Fetcher> active = new ArrayList<>();
    int joined = 0;
    int done = 0;
    for (int step = 0; done < 20; step++) {
      assertThat(step).isLessThan(100_000);
      now++;
      if (joined < 20 && random.nextInt(5) == 0) {
        Fetcher fetcher = new Fetcher("f" + joined++);
        for (int i = 0; i < CHUNKS - 1; i++) {
          fetcher.held.set(i, random.nextInt(4) == 0);
        }
        active.add(fetcher);
      }
      if (!active.isEmpty()) {
        Fetcher fetcher = active.get(random.nextInt(active.size()));
        fetcher.ask();
        if (fetcher.isDone()) {
          fetcher.leave();
          active.remove(fetcher);
          done++;
        }
      }
    }
    assertThat(mostAlive).isLessThanOrEqualTo(2);
    assertThat(alive).isZero();
  }
}
