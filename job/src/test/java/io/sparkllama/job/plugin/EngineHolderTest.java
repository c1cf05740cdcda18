package io.sparkllama.job.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.InvalidConfigurationException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class EngineHolderTest {
  /** Stands for an engine; each is equal only to itself. */
  private static final class Engine {
    private final String specification;

    Engine(String specification) {
      this.specification = specification;
    }
  }

  private final List<Engine> opened = new ArrayList<>();
  private final List<Engine> closed = new ArrayList<>();
  private final Set<Engine> failed = new HashSet<>();
  private final EngineHolder<String, Engine> holder =
      new EngineHolder<>(this::open, closed::add, failed::contains, Duration.ofMillis(200));

  private Engine open(String specification) throws IOException {
    if (specification.equals("missing")) {
      throw new IOException("no such model");
    }
    Engine engine = new Engine(specification);
    opened.add(engine);
    return engine;
  }

  @Test
  void whoLooksWithoutUsingItNeverWaits() throws Exception {
    CompletableFuture<Void> opening = new CompletableFuture<>();
    CompletableFuture<Void> mayOpen = new CompletableFuture<>();
    EngineHolder<String, Engine> slow =
        new EngineHolder<>(
            specification -> {
              opening.complete(null);
              mayOpen.join();
              return new Engine(specification);
            },
            closed::add,
            failed::contains,
            Duration.ZERO);
    CompletableFuture<Engine> user =
        CompletableFuture.supplyAsync(
            () -> {
              try (var lease = slow.acquire("a")) {
                return lease.engine();
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    opening.get(10, TimeUnit.SECONDS);
    assertThat(CompletableFuture.supplyAsync(slow::current).get(10, TimeUnit.SECONDS)).isEmpty();
    mayOpen.complete(null);
    Engine opened = user.get(10, TimeUnit.SECONDS);
    assertThat(slow.current()).contains(opened);
    slow.close();
    assertThat(slow.current()).isEmpty();
  }

  @Test
  void allWhoAskForTheSameShareOneEngine() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(8);
    try {
      List<Callable<Engine>> tasks = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        tasks.add(
            () -> {
              try (var lease = holder.acquire("a")) {
                return lease.engine();
              }
            });
      }
      Set<Engine> seen = new HashSet<>();
      for (Future<Engine> task : pool.invokeAll(tasks, 30, TimeUnit.SECONDS)) {
        seen.add(task.get());
      }
      assertThat(seen).hasSize(1);
      assertThat(opened).hasSize(1);
      assertThat(closed).isEmpty();
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void anIdleEngineGivesWayToAnother() throws Exception {
    holder.acquire("a").close();

    var lease = holder.acquire("b");

    assertThat(lease.engine().specification).isEqualTo("b");
    assertThat(closed).containsExactly(opened.get(0));
  }

  @Test
  void anEngineInUseIsNotTakenAway() throws Exception {
    var first = holder.acquire("a");
    var second = holder.acquire("a");
    first.close();
    first.close();

    assertThatThrownBy(() -> holder.acquire("b"))
        .isInstanceOf(InvalidConfigurationException.class)
        .hasMessageStartingWith("an executor runs one engine at a time");
    assertThat(closed).isEmpty();
    second.close();
    assertThat(holder.acquire("b").engine().specification).isEqualTo("b");
  }

  @Test
  void whoAsksForAnotherEngineWaitsForTasksThatEnd() throws Exception {
    EngineHolder<String, Engine> patient =
        new EngineHolder<>(this::open, closed::add, failed::contains, Duration.ofSeconds(30));
    var lease = patient.acquire("a");
    AtomicBoolean released = new AtomicBoolean();
    CompletableFuture<Void> other =
        CompletableFuture.runAsync(
            () -> {
              released.set(true);
              lease.close();
            },
            CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS));

    assertThat(patient.acquire("b").engine().specification).isEqualTo("b");
    assertThat(released).isTrue();
    other.get(10, TimeUnit.SECONDS);
  }

  @Test
  void aFailedEngineIsReplacedThoughOthersHoldIt() throws Exception {
    var first = holder.acquire("a");
    failed.add(first.engine());

    var second = holder.acquire("a");

    assertThat(second.engine()).isNotSameAs(first.engine());
    assertThat(closed).containsExactly(first.engine());
    // What ends late on the old engine does not free the new one.
    first.close();
    assertThatThrownBy(() -> holder.acquire("b")).isInstanceOf(InvalidConfigurationException.class);
  }

  @Test
  void anEngineThatCannotBeOpenedLeavesRoomForTheNextTry() throws Exception {
    assertThatThrownBy(() -> holder.acquire("missing")).isInstanceOf(IOException.class);

    assertThat(holder.acquire("a").engine().specification).isEqualTo("a");
  }

  @Test
  void theEndOfTheExecutorClosesTheEngine() throws Exception {
    var lease = holder.acquire("a");
    holder.close();
    holder.close();

    assertThat(closed).containsExactly(lease.engine());
  }
}
