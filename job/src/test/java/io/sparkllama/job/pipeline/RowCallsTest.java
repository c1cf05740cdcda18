package io.sparkllama.job.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.FinishReason;
import io.sparkllama.engine.api.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class RowCallsTest {
  private final LaterThread later = new LaterThread();
  private final List<CompletableFuture<String>> sent = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    later.close();
  }

  @Test
  void goesOnWithAllResultsInOrderOnAnotherThreadThanTheEngines() {
    RowCalls calls = calls(1);
    List<String> threads = new CopyOnWriteArrayList<>();
    calls.<String>send(
        3,
        this::send,
        results -> {
          threads.add(Thread.currentThread().getName());
          calls.complete(List.of(answer(String.join(" ", results))));
        });
    assertThat(sent).hasSize(3);
    sent.get(2).complete("c");
    sent.get(0).complete("a");
    sent.get(1).complete("b");
    assertThat(calls.pending().answers().get(0).text()).isEqualTo("a b c");
    assertThat(threads).containsExactly("sparkllama-later");
  }

  @Test
  void noMoreThanABoundAreInFlightAndTheOthersFollow() throws Exception {
    RowCalls calls = calls(32);
    assertThat(calls.pending().requests()).isEqualTo(1);
    calls.<String>send(
        100, this::send, results -> calls.complete(List.of(answer(String.join("", results)))));
    for (int i = 0; i < 100; i++) {
      assertThat(sent.size()).isEqualTo(Math.min(100, i + 8));
      sent.get(i).complete("x");
      waitUntilSent(Math.min(100, i + 9));
      assertThat(calls.pending().requests()).isEqualTo(Math.max(1, Math.min(8, 99 - i)));
    }
    assertThat(calls.pending().answers().get(0).text()).isEqualTo("x".repeat(100));
  }

  @Test
  void cancellingWithdrawsWhatIsInFlightAndSendsNoMore() {
    RowCalls calls = calls(32);
    calls.<String>send(100, this::send, results -> calls.complete(List.of()));
    sent.get(0).complete("x");
    calls.pending().result().cancel(true);
    assertThat(sent.subList(1, sent.size())).allMatch(CompletableFuture::isCancelled);
    assertThat(sent.size()).isLessThanOrEqualTo(9);
    calls.<String>send(2, this::send, results -> calls.complete(List.of()));
    assertThat(sent.size()).isLessThanOrEqualTo(9);
  }

  @Test
  void callsOfALaterLevelAreWithdrawnToo() throws Exception {
    RowCalls calls = calls(1);
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    CompletableFuture<String> second = new CompletableFuture<>();
    calls.<String>send(
        1,
        this::send,
        results ->
            calls.<String>send(
                2,
                index -> {
                  entered.countDown();
                  await(cancelled);
                  sent.add(second);
                  return second;
                },
                more -> calls.complete(List.of())));
    sent.get(0).complete("x");
    await(entered);
    calls.pending().result().cancel(true); // while the next level's first call is being sent
    cancelled.countDown();
    assertThatThrownBy(second::get).isInstanceOf(java.util.concurrent.CancellationException.class);
    assertThat(sent).hasSize(2);
  }

  @Test
  void aRefusalIsTheRowsAndAFailureTheTasks() {
    RowCalls refused = calls(1);
    refused.<String>send(
        2,
        index -> {
          if (index == 1) {
            throw TemplateException.nullValue("it is null");
          }
          return send(index);
        },
        results -> refused.complete(List.of()));
    assertThat(refused.pending().answers().get(0).error().orElseThrow().message())
        .isEqualTo("it is null");
    assertThat(sent).hasSize(1).allMatch(CompletableFuture::isCancelled);

    sent.clear();
    RowCalls failed = calls(1);
    failed.<String>send(2, this::send, results -> failed.complete(List.of()));
    sent.get(0).completeExceptionally(new EngineFailedException("the engine has ended"));
    assertThat(sent.get(1)).isCancelled();
    assertThatThrownBy(() -> failed.pending().result().join())
        .isInstanceOf(CompletionException.class)
        .hasRootCauseInstanceOf(EngineFailedException.class);

    sent.clear();
    RowCalls broken = calls(1);
    broken.<String>send(
        1,
        this::send,
        results -> {
          throw new IllegalStateException("a fault");
        });
    sent.get(0).complete("x");
    assertThatThrownBy(() -> broken.pending().result().join()).hasRootCauseMessage("a fault");
  }

  @Test
  void anExecutorThatTakesNothingFailsTheTask() {
    RowCalls calls =
        new RowCalls(
            work -> {
              throw new IllegalStateException("no thread");
            },
            1,
            problem -> List.of());
    calls.<String>send(1, this::send, results -> calls.complete(List.of()));
    sent.get(0).complete("x");
    assertThatThrownBy(() -> calls.pending().result().join()).hasRootCauseMessage("no thread");
  }

  @Test
  void answersThatAreThereAtOnceAreTakenToo() {
    RowCalls calls = calls(32);
    calls.<Integer>send(
        50,
        CompletableFuture::completedFuture,
        results -> calls.complete(List.of(answer("" + results))));
    assertThat(calls.pending().answers().get(0).text())
        .isEqualTo("" + IntStream.range(0, 50).boxed().toList());
  }

  private RowCalls calls(int completions) {
    return new RowCalls(
        later, completions, problem -> new ArrayList<>(List.of(Answer.refused(problem, 1))));
  }

  private CompletableFuture<String> send(int index) {
    CompletableFuture<String> future = new CompletableFuture<>();
    sent.add(future);
    return future;
  }

  private void waitUntilSent(int count) throws InterruptedException {
    while (sent.size() < count) {
      Thread.sleep(1);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  private static Answer answer(String text) {
    return new Answer(text, FinishReason.STOP, 1, 1, -1.0, Optional.empty(), List.of());
  }
}
