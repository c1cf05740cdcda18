package io.sparkllama.engine;

import io.sparkllama.engine.api.EngineFailedException;
import io.sparkllama.engine.api.InsufficientMemoryException;
import io.sparkllama.engine.api.InvalidConfigurationException;
import io.sparkllama.engine.api.RowError;
import io.sparkllama.engine.runner.BatchBuffer;
import io.sparkllama.engine.runner.ModelRunner;
import io.sparkllama.engine.runner.RestartPauses;
import io.sparkllama.engine.runner.RunnerLostException;
import io.sparkllama.engine.runner.RunnerLostException.Loss;
import io.sparkllama.engine.scheduler.ScheduledBatch;
import io.sparkllama.engine.scheduler.Scheduler;
import io.sparkllama.engine.scheduler.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings an engine back whose runner was lost: starts the runner again, sends all sequences back to
 * waiting, and sees to it that a request which costs the runner each time is set aside.
 *
 * <p>A replay gives the same bits, so nothing of an answer is lost. Before a request is set aside,
 * a fixed prompt must have the answer that it had when the engine started: else the machine is to
 * blame, and the engine ends. How many requests are too many is for those to say who ask: here a
 * number would end the work on just those rows that were set aside before. The engine's thread
 * only.
 */
final class Recovery {
  /** Is a request that cannot be run, and why. */
  record SetAside(Work<?> work, RowError error) {}

  private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

  /** Losses in a row, without a request that is finished, that end the engine. */
  private static final int MOST_LOSSES = 40;

  /** The same of losses that no request is to blame for, such as for want of memory. */
  private static final int MOST_KILLS = 10;

  /** Tries of the fixed prompt, where somebody ends the process each time. */
  private static final int ATTEMPTS = 3;

  private final ModelRunner runner;
  private final Scheduler scheduler;
  private final MaskPool masks;
  private final Map<Sequence, Work<?>> owners;
  private final Canary canary;
  private final SuspectSearch search = new SuspectSearch();
  private BatchBuffer buffer;
  private int[] canaryAnswer;
  private long restarts;
  private long rowsSetAside;
  private long finishedBefore; // requests, at the last loss
  private int losses; // since one was finished
  private int kills; // since one was finished

  /**
   * @param owners of the scheduler's sequences, as they are at any time
   */
  Recovery(
      ModelRunner runner,
      Scheduler scheduler,
      MaskPool masks,
      Map<Sequence, Work<?>> owners,
      Canary canary) {
    this.runner = runner;
    this.scheduler = scheduler;
    this.masks = masks;
    this.owners = owners;
    this.canary = canary;
    scheduler.restrictTo(sequence -> search.allows(owners.get(sequence)));
  }

  /** Notes what the runner computes while it is well. Before the first step. */
  void begin(BatchBuffer newBuffer) {
    buffer = newBuffer;
    if (runner.isContained()) {
      canaryAnswer = canaryAnswer();
    }
  }

  /** Returns the buffer that the runner of the moment reads. */
  BatchBuffer buffer() {
    return buffer;
  }

  /** Lets others go forward where those being tried have done so. Before each step. */
  void advance() {
    if (search.isOn() && search.advance(owners::containsKey)) {
      scheduler.suspend();
    }
  }

  Losses losses() {
    return new Losses(restarts, rowsSetAside);
  }

  /**
   * Starts the runner again and sends all sequences back to waiting.
   *
   * @param batch of the step that was lost; empty between two
   * @param finished requests so far
   * @return the request that is to be given its error, where one is found to be the cause
   * @throws EngineFailedException where the engine is to end
   */
  Optional<SetAside> recover(
      RunnerLostException lost, List<ScheduledBatch.Entry> batch, long finished) {
    LOG.warn("{}; it is started again and {} sequences replayed", lost.getMessage(), owners.size());
    count(lost, finished);
    List<SuspectSearch.Suspect> suspects = suspects(batch);
    Set<Work<?>> named = named(lost.rows(), batch);
    scheduler.forget();
    restart();
    if (lost.loss() == Loss.KILLED) {
      return Optional.empty();
    }
    Optional<Work<?>> convict = search.lost(suspects, named);
    // After a hang in any case: a runner's first step may take many times as long as others, and
    // would be a suspect's, which may hang again.
    if (convict.isPresent() || lost.loss() == Loss.HUNG) {
      requireHealth();
    }
    if (convict.isEmpty()) {
      return Optional.empty();
    }
    rowsSetAside++;
    return Optional.of(
        new SetAside(
            convict.get(),
            new RowError(
                RowError.SET_ASIDE,
                "The native engine cannot run this row; report it with the model and the"
                    + " executor's log. Alone in a process "
                    + SuspectSearch.LONE_LOSSES
                    + " times, the last: "
                    + lost.getMessage())));
  }

  private void count(RunnerLostException lost, long finished) {
    if (finished > finishedBefore) {
      losses = 0;
      kills = 0;
    }
    finishedBefore = finished;
    kills += lost.loss() == Loss.KILLED ? 1 : 0;
    if (++losses > MOST_LOSSES || kills > MOST_KILLS) {
      throw new EngineFailedException(
          "The worker process is lost again and again, and no row is finished between; where the"
              + " system kills it, give the container more memory: "
              + lost.getMessage(),
          lost);
    }
  }

  private List<SuspectSearch.Suspect> suspects(List<ScheduledBatch.Entry> batch) {
    Map<Work<?>, Map<Sequence, Integer>> targets = new LinkedHashMap<>();
    for (ScheduledBatch.Entry entry : batch) {
      Sequence sequence = entry.sequence();
      targets
          .computeIfAbsent(owners.get(sequence), any -> new HashMap<>())
          .put(sequence, sequence.numComputedTokens() + entry.count());
    }
    List<SuspectSearch.Suspect> suspects = new ArrayList<>();
    targets.forEach((work, all) -> suspects.add(new SuspectSearch.Suspect(work, all)));
    return suspects;
  }

  /** Returns whose rows of logits these are. */
  private Set<Work<?>> named(List<Integer> rows, List<ScheduledBatch.Entry> batch) {
    Set<Work<?>> named = new HashSet<>();
    int first = 0;
    for (ScheduledBatch.Entry entry : batch) {
      int from = first;
      int end = first + entry.rows();
      if (rows.stream().anyMatch(row -> row >= from && row < end)) {
        named.add(owners.get(entry.sequence()));
      }
      first = end;
    }
    return named;
  }

  private void restart() {
    masks.forget();
    RestartPauses pauses = runner.restartPauses();
    for (int attempt = 1; ; attempt++) {
      restarts++;
      try {
        runner.restart();
        buffer = runner.newBuffer();
        return;
      } catch (RunnerLostException
          | InvalidConfigurationException
          | InsufficientMemoryException again) {
        // It ran before with these settings: what keeps it from starting may be gone in a moment.
        LOG.warn("The worker process was lost while it was started: {}", again.getMessage());
        if (attempt == pauses.attempts()) {
          throw new EngineFailedException(
              "The worker process cannot be started again: " + again.getMessage(), again);
        }
        pauses.after(attempt);
      }
    }
  }

  private void requireHealth() {
    int[] answer = canaryAnswer();
    if (!Arrays.equals(answer, canaryAnswer)) {
      throw new EngineFailedException(
          "This machine does not compute what it did: a fixed prompt has another answer now than"
              + " when the engine started, so no row is blamed. Look at its memory and its"
              + " processor: ids "
              + Arrays.toString(answer)
              + ", expected "
              + Arrays.toString(canaryAnswer));
    }
  }

  /** Runs the fixed prompt; again where somebody else ended the process. */
  private int[] canaryAnswer() {
    for (int attempt = 1; ; attempt++) {
      try {
        return canary.answer(buffer);
      } catch (RunnerLostException lost) {
        if (lost.loss() != Loss.KILLED || attempt == ATTEMPTS) {
          String slow =
              lost.loss() == Loss.HUNG
                  ? " in the time that it has; where it is still reading the weights, from slow"
                      + " storage, raise engine.isolation-timeout: "
                  : ": ";
          throw new EngineFailedException(
              "The native engine cannot run a fixed prompt on this machine"
                  + slow
                  + lost.getMessage(),
              lost);
        }
        restart();
      }
    }
  }
}
