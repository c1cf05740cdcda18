package io.sparkllama.engine;

import io.sparkllama.engine.constraint.AnswerPlace;
import io.sparkllama.engine.constraint.TokenMask;
import io.sparkllama.engine.runner.ModelRunner;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Knows which token masks the runner has, and has others made on a thread of its own: a walk over
 * the vocabulary would hold up every sequence of a step.
 *
 * <p>Masks change between steps alone, so none that a step names is replaced while it runs. The one
 * used longest ago makes way; the runner has room for several times those of one step. The engine's
 * thread only.
 */
final class MaskPool implements AutoCloseable {
  private final ModelRunner runner;
  private final BiConsumer<AnswerPlace, TokenMask> made;
  private final Consumer<Throwable> failed;
  private final ExecutorService maker =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "sparkllama-masks");
            thread.setDaemon(true);
            return thread;
          });
  private final Map<AnswerPlace, Integer> ids = new LinkedHashMap<>(16, 0.75f, true); // by use
  private final Set<AnswerPlace> making = new HashSet<>();

  /**
   * Makes a pool without masks.
   *
   * @param made is given each mask on the thread that made it, and hands it to {@link #put} between
   *     steps
   * @param failed is told on that thread why a mask could not be made
   */
  MaskPool(
      ModelRunner runner, BiConsumer<AnswerPlace, TokenMask> made, Consumer<Throwable> failed) {
    this.runner = runner;
    this.made = made;
    this.failed = failed;
  }

  /** Returns whether the runner has the mask of a place; where it has not, the mask is made. */
  boolean has(AnswerPlace place) {
    if (ids.get(place) != null) {
      return true;
    }
    if (making.add(place)) {
      maker.execute(() -> make(place));
    }
    return false;
  }

  /** Returns the id of a mask that the runner has. */
  int id(AnswerPlace place) {
    return ids.get(place);
  }

  /** Returns whether masks are being made. */
  boolean isMaking() {
    return !making.isEmpty();
  }

  /** Gives the runner a mask that was made. Not while a step runs. */
  void put(AnswerPlace place, TokenMask mask) {
    making.remove(place);
    AnswerPlace widest = place.widened();
    if (ids.containsKey(widest)) {
      return; // several numbers of tokens left led to one mask
    }
    int id = ids.size();
    if (id == runner.masks()) {
      AnswerPlace oldest = ids.keySet().iterator().next();
      id = ids.remove(oldest);
    }
    runner.putMask(id, mask.words());
    ids.put(widest, id);
  }

  /** Has the masks made again that are wanted from now on, for the runner has none. */
  void forget() {
    ids.clear();
  }

  /** Makes no further masks. */
  @Override
  public void close() {
    maker.shutdownNow();
  }

  private void make(AnswerPlace place) {
    try {
      made.accept(place, place.mask());
    } catch (Throwable problem) {
      failed.accept(problem);
    }
  }
}
